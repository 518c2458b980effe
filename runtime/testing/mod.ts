/**
 * The public test kit (`tsflink/testing`): operator harnesses, controlled time and files, and the cruel run.
 *
 * @module
 */

// Binds the host, so that a test that takes only types from "tsflink" runs too.
import "../../mod.ts";

// Controlled surroundings.
export { ManualClock } from "./manual_clock.ts";
export { MemoryFiles } from "./memory_files.ts";
export {
  CapturedLog,
  type LoggedLine,
  ManualMainThread,
  TestMetrics,
  type TestSeams,
  testSeams,
} from "./test_seams.ts";
export type { LogLevel } from "../seams/log.ts";

// Operator harnesses.
export {
  type HarnessElement,
  type StatusElement,
  type StreamRecord,
  streamRecord,
  type Watermark,
  watermark,
  watermarkStatus,
} from "./harness_elements.ts";
export type { LatencyMarker, WatermarkStatus } from "../types/stream_element.ts";
export type { HarnessOptions, HarnessSnapshot, OperatorUnderTest } from "./harness_options.ts";
export { StreamOperatorTestHarness } from "./operator_test_harness.ts";
export { KeyedOneInputStreamOperatorTestHarness, OneInputStreamOperatorTestHarness } from "./one_input_harness.ts";
export {
  BroadcastOperatorTestHarness,
  KeyedBroadcastOperatorTestHarness,
  KeyedTwoInputStreamOperatorTestHarness,
  TwoInputStreamOperatorTestHarness,
} from "./two_input_harness.ts";
export { type BroadcastDescriptors, ProcessFunctionTestHarnesses } from "./process_function_harnesses.ts";
export { repartitionOperatorState } from "./harness_state.ts";

// The cruel run.
export { type CruelMode, type CruelOptions, type CruelResult, type MakeOperator, runCruelly } from "./cruel.ts";
export {
  type CruelStep,
  endOfInput,
  type EndStep,
  onInput,
  processingTime,
  type ProcessingTimeStep,
  type ScriptKeySelectors,
} from "./script_harness.ts";
export { StreamOperator, type StreamOperatorFactory } from "../operators/operator.ts";

// Whole jobs under virtual time.
export { type TestEnvironment, testEnvironment, type TestEnvironmentOptions } from "./test_environment.ts";
export type { JobVertexProgress, TestSnapshot } from "./test_host.ts";
export { Gate, scriptedSource, type ScriptedSourceOptions, type ScriptStep } from "./scripted_source.ts";
export { type RecordedValue, type RecordedWatermark, RecordingSink } from "./recording_sink.ts";

// Whole programs in slots.
export {
  type MiniCluster,
  miniCluster,
  type MiniClusterOptions,
  type ProgramRun,
  type RunProgramOptions,
} from "./mini_cluster.ts";

// Tables of tests for one's own sources and sinks.
export {
  type ConformanceTest,
  sinkConformance,
  type SinkConformanceOptions,
  type SinkUnderTest,
  sourceConformance,
  type SourceConformanceOptions,
} from "./conformance.ts";
