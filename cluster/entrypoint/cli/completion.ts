/**
 * Scripts that make a shell complete commands and options, made from the tree of commands. Everything is in the script:
 * the shell starts nothing to complete a word.
 *
 * @module
 */

import type { Command } from "commander";

/** A command with what may follow it. */
interface Node {
  /** Words from the top: "cluster start". */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flags: readonly string[]; readonly description: string }[];
  /** Words that an argument can be. */
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

/** The script for a shell. */
export function completionScript(program: Command, shell: "bash" | "zsh" | "fish"): string {
  const nodes = nodesOf(program, "");
  return { bash, zsh, fish }[shell](nodes);
}

function nodesOf(command: Command, path: string): Node[] {
  const children = command.commands.filter((child) => !(child as { _hidden?: boolean })._hidden);
  const takesFile = command.registeredArguments.some((argument) => argument.name() === "job" && argument.required);
  const own: Node = {
    path,
    description: command.description(),
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: command.options.filter((option) => !option.hidden).map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: option.description,
    })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesFile,
  };
  return [own, ...children.flatMap((child) => nodesOf(child, `${path} ${child.name()}`.trim()))];
}

function wordsOf({ commands, options, choices }: Node): string {
  return [...commands.map(({ name }) => name), ...choices, ...options.flatMap(({ flags }) => flags), "--help"].join(
    " ",
  );
}

const FILES = "!*.@(ts|mts|js|mjs)";

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map((node) =>
    `    "${node.path}") words="${wordsOf(node)}"; files=${node.takesFile ? 1 : ""} ;;`
  );
  const paths = nodes.map(({ path }) => `"${path}"`).join("|");
  return `# tsflink: completion for bash
_tsflink() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path="" words="" files="" i next
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in ${paths}) path="$next" ;; esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n "$files" && "$word" != -* ]]; then
    COMPREPLY+=($(compgen -f -X '${FILES}' -- "$word") $(compgen -d -- "$word"))
  fi
}
complete -o filenames -F _tsflink tsflink`;
}

function zsh(nodes: readonly Node[]): string {
  const quote = (text: string) => text.replaceAll("'", "'\\''");
  const cases = nodes.map((node) => {
    const words = [
      ...node.commands.map(({ name, description }) => `'${name}:${quote(description).replaceAll(":", "\\:")}'`),
      ...node.choices.map((choice) => `'${choice}'`),
      ...node.options.flatMap(({ flags, description }) =>
        flags.map((flag) => `'${flag}:${quote(description).replaceAll(":", "\\:")}'`)
      ),
    ];
    const files = node.takesFile ? "\n      _files -g '*.(ts|mts|js|mjs)'" : "";
    return `    '${node.path}')\n      words_=(${words.join(" ")})\n      _describe 'tsflink' words_${files} ;;`;
  });
  const paths = nodes.map(({ path }) => `"${path}"`).join("|");
  return `#compdef tsflink
# tsflink: completion for zsh
_tsflink() {
  local path_="" next word
  local -a words_
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path_:+$path_ }$word"
    case "$next" in ${paths}) path_="$next" ;; esac
  done
  case "$path_" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_tsflink" ]; then _tsflink "$@"; else compdef _tsflink tsflink; fi`;
}

function fish(nodes: readonly Node[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = nodes.flatMap((node) => {
    const words = node.path === "" ? [] : node.path.split(" ");
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = node.commands.length === 0
      ? []
      : [`not __fish_seen_subcommand_from ${node.commands.map(({ name }) => name).join(" ")}`];
    const conditions = [...seen, ...none].join("; and ");
    const when = conditions === "" ? "" : ` -n ${quote(conditions)}`;
    return [
      ...node.commands.map(({ name, description }) =>
        `complete -c tsflink -f${when} -a ${name} -d ${quote(description)}`
      ),
      ...node.choices.map((choice) => `complete -c tsflink -f${when} -a ${choice}`),
      ...node.options.map(({ flags, description }) => {
        const long = flags.find((flag) => flag.startsWith("--"));
        const short = flags.find((flag) => /^-[^-]$/.test(flag));
        const names = [
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
        ];
        return `complete -c tsflink${when} ${names.join(" ")} -d ${quote(description)}`;
      }),
    ];
  });
  return `# tsflink: completion for fish\n${lines.join("\n")}`;
}
