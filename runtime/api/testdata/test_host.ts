/**
 * A host for the tests of this folder: the real connectors that are needed, no executor unless a test gives one.
 *
 * @module
 */

import { hostConnectors } from "../../connectors/host_connectors.ts";
import { bindHost, type HostBinding } from "../host_binding.ts";
import type { PipelineExecutor } from "../executor.ts";
import { StreamExecutionEnvironment } from "../environment.ts";

/** What a test may change between environments. */
export interface TestHost {
  executor: PipelineExecutor | undefined;
  args: string[];
  configuration: Record<string, unknown>;
  readonly created: StreamExecutionEnvironment[];
}

/** The host of this test file; tests set its fields. */
export function testHost(): TestHost {
  const host: TestHost = { executor: undefined, args: [], configuration: {}, created: [] };
  const binding: HostBinding = {
    executor: () =>
      host.executor === undefined ? Promise.reject(new Error("no executor")) : Promise.resolve(host.executor),
    connectors: hostConnectors,
    args: () => host.args,
    configuration: () => host.configuration,
    environmentCreated: (environment) => host.created.push(environment),
  };
  bindHost(binding);
  return host;
}

/** An environment of that parallelism. */
export function testEnvironment(parallelism = 1): StreamExecutionEnvironment {
  return StreamExecutionEnvironment.createLocalEnvironment(parallelism);
}
