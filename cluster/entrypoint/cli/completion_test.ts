import assert from "node:assert/strict";
import { Command } from "commander";
import { jobCommands } from "./job_commands.ts";
import { clientCommands } from "./client_commands.ts";
import { completionScript } from "./completion.ts";

function program(): Command {
  const program = new Command("tsflink").description("x").enablePositionalOptions();
  for (const command of [...jobCommands(), ...clientCommands(() => program)]) program.addCommand(command);
  const cluster = new Command("cluster").description('it\'s a cluster: of "processes"');
  cluster.addCommand(new Command("start").description("Start.").option("-n, --taskmanagers <n>", "how many"));
  return program.addCommand(cluster);
}

/** What bash offers for a line. */
async function offered(line: string): Promise<string[]> {
  const script = `${completionScript(program(), "bash")}
COMP_WORDS=(${line.split(" ").map((word) => `"${word}"`).join(" ")})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
shopt -s extglob
_tsflink
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script], cwd: "/", clearEnv: true })
    .output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim().split("\n").filter((word) => word !== "");
}

Deno.test("bash completes commands, their options and what an argument can be", async () => {
  assert.deepEqual(await offered("tsflink ca"), ["cancel"]);
  assert.deepEqual(await offered("tsflink cluster "), ["start", "--help"]);
  assert.deepEqual(await offered("tsflink cluster start --t"), ["--taskmanagers"]);
  assert.deepEqual(await offered("tsflink list --a"), ["--all"]);
  assert.deepEqual(await offered("tsflink completion z"), ["zsh"]);
  assert.equal((await offered("tsflink run --detached ")).includes("usr"), true, "files of a job");
  assert.deepEqual(await offered("tsflink nothing --al"), []);
});

Deno.test("scripts of all shells name every command and quote what people write", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(program(), shell);
    for (const { name } of program().commands.map((command) => ({ name: command.name() }))) {
      assert.equal(script.includes(name), true, `${name} in ${shell}`);
    }
  }
  assert.match(completionScript(program(), "zsh"), /cluster:it'\\''s a cluster\\: of "processes"/);
  assert.match(completionScript(program(), "fish"), /-a cluster -d 'it\\'s a cluster: of "processes"'/);
});
