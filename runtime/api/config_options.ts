/**
 * The options a job can be configured with: Flink's keys and defaults, and tsflink's own where Flink has none. One table,
 * so that unknown keys can be named and a page of documentation made from it.
 *
 * @module
 */

import { choice, type ConfigOption, option, optional } from "./config_option.ts";
import {
  FIXED_DELAY,
  FIXED_DELAY_ATTEMPTS,
  RESTART_STRATEGY,
  RestartStrategyOptions,
} from "./options/restart_options.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Parallelism and names. */
export const CoreOptions: {
  readonly DEFAULT_PARALLELISM: ConfigOption<number>;
} = {
  DEFAULT_PARALLELISM: option("parallelism.default", "int", {
    defaultValue: 1,
    min: 1,
    description: "Parallelism of operators that do not set their own.",
  }),
};

/** Options of the pipeline: naming, chaining, watermarks, object reuse. */
export const PipelineOptions: {
  readonly NAME: ConfigOption<string | undefined>;
  readonly MAX_PARALLELISM: ConfigOption<number>;
  readonly OBJECT_REUSE: ConfigOption<boolean>;
  readonly OPERATOR_CHAINING: ConfigOption<boolean>;
  readonly OPERATOR_CHAINING_CHAIN_OPERATORS_WITH_DIFFERENT_MAX_PARALLELISM: ConfigOption<boolean>;
  readonly AUTO_GENERATE_UIDS: ConfigOption<boolean>;
  readonly AUTO_WATERMARK_INTERVAL: ConfigOption<number>;
  readonly WATERMARK_ALIGNMENT_BUFFER_SIZE: ConfigOption<number>;
  readonly ALLOW_UNALIGNED_SOURCE_SPLITS: ConfigOption<boolean>;
  readonly GLOBAL_JOB_PARAMETERS: ConfigOption<Readonly<Record<string, string>> | undefined>;
  readonly CACHED_FILES: ConfigOption<readonly string[] | undefined>;
  readonly VERTEX_DESCRIPTION_MODE: ConfigOption<"TREE" | "CASCADING">;
  readonly VERTEX_NAME_INCLUDE_INDEX_PREFIX: ConfigOption<boolean>;
  readonly CHECK_MUTATION: ConfigOption<boolean>;
  readonly FORCE_CODEC: ConfigOption<boolean>;
} = {
  NAME: optional("pipeline.name", "string", "The job's name, unless execute() is given one."),
  MAX_PARALLELISM: option("pipeline.max-parallelism", "int", {
    defaultValue: -1,
    min: -1,
    description: "Number of key groups and upper bound of the parallelism; -1 derives it from the parallelism.",
  }),
  OBJECT_REUSE: option("pipeline.object-reuse", "boolean", {
    defaultValue: false,
    description: "Skip the copy of values that go through a collector.",
  }),
  OPERATOR_CHAINING: option("pipeline.operator-chaining.enabled", "boolean", {
    defaultValue: true,
    description: "Fuse operators of one parallelism that follow each other.",
  }),
  OPERATOR_CHAINING_CHAIN_OPERATORS_WITH_DIFFERENT_MAX_PARALLELISM: option(
    "pipeline.operator-chaining.chain-operators-with-different-max-parallelism",
    "boolean",
    { defaultValue: true, description: "Fuse operators although their maximum parallelism differs." },
  ),
  AUTO_GENERATE_UIDS: option("pipeline.auto-generate-uids", "boolean", {
    defaultValue: true,
    description: "Derive the ids of operators without uid; when off, every operator needs one.",
  }),
  AUTO_WATERMARK_INTERVAL: option("pipeline.auto-watermark-interval", "duration", {
    defaultValue: 200,
    min: 0,
    description: "How often watermark generators are asked; 0 = never.",
  }),
  WATERMARK_ALIGNMENT_BUFFER_SIZE: option("pipeline.watermark-alignment.buffer-size", "int", {
    defaultValue: 3,
    min: 0,
    description: "Samples a watermark must stay ahead before alignment pauses; 0 = act on the latest watermark.",
  }),
  ALLOW_UNALIGNED_SOURCE_SPLITS: option("pipeline.watermark-alignment.allow-unaligned-source-splits", "boolean", {
    defaultValue: false,
    description: "Let sources take part in alignment that cannot pause single splits.",
  }),
  GLOBAL_JOB_PARAMETERS: optional("pipeline.global-job-parameters", "map", "Parameters that every function can read."),
  CACHED_FILES: optional("pipeline.cached-files", "list", "Files for every subtask: name:<name>,path:<path>;..."),
  VERTEX_DESCRIPTION_MODE: choice("pipeline.vertex-description-mode", ["TREE", "CASCADING"], {
    defaultValue: "TREE",
    description: "How plans describe the operators of a vertex.",
  }),
  VERTEX_NAME_INCLUDE_INDEX_PREFIX: option("pipeline.vertex-name-include-index-prefix", "boolean", {
    defaultValue: false,
    description: "Put [vertex-n] before the names of vertices.",
  }),
  CHECK_MUTATION: option("pipeline.check-mutation", "boolean", {
    defaultValue: false,
    description: "Fail when a function changes a value after it returned or emitted it (tsflink only).",
  }),
  FORCE_CODEC: option("pipeline.exchange.force-codec", "boolean", {
    defaultValue: false,
    description: "Encode records also between subtasks of one isolate (tsflink only).",
  }),
};

/** Options of an execution. */
export const ExecutionOptions: {
  readonly RUNTIME_MODE: ConfigOption<"STREAMING" | "BATCH" | "AUTOMATIC">;
  readonly BATCH_SHUFFLE_MODE: ConfigOption<"ALL_EXCHANGES_BLOCKING" | "ALL_EXCHANGES_PIPELINED">;
  readonly SORT_INPUTS: ConfigOption<boolean>;
  readonly SORTED_INPUTS_MEMORY: ConfigOption<number>;
  readonly BUFFER_TIMEOUT_ENABLED: ConfigOption<boolean>;
  readonly BUFFER_TIMEOUT: ConfigOption<number>;
  readonly ATTACHED: ConfigOption<boolean>;
  readonly TARGET: ConfigOption<string | undefined>;
  readonly ISOLATION: ConfigOption<"auto" | "inline" | "worker">;
  readonly BATCH_ROWS: ConfigOption<number>;
  readonly COLLECT_BUFFER: ConfigOption<number>;
} = {
  RUNTIME_MODE: choice("execution.runtime-mode", ["STREAMING", "BATCH", "AUTOMATIC"], {
    defaultValue: "STREAMING",
    description: "BATCH for bounded sources only; AUTOMATIC chooses by the sources.",
  }),
  BATCH_SHUFFLE_MODE: choice(
    "execution.batch-shuffle-mode",
    ["ALL_EXCHANGES_BLOCKING", "ALL_EXCHANGES_PIPELINED"],
    { defaultValue: "ALL_EXCHANGES_BLOCKING", description: "Whether batch exchanges wait for their producer." },
  ),
  SORT_INPUTS: option("execution.sorted-inputs.enabled", "boolean", {
    defaultValue: true,
    description: "BATCH: sort the input of keyed operators, and keep state for one key at a time.",
  }),
  SORTED_INPUTS_MEMORY: option("execution.sorted-inputs.memory", "memory", {
    defaultValue: 128 * MIB,
    min: 1,
    description: "Memory of a task for sorting its inputs, about; what exceeds it goes to disk.",
  }),
  BUFFER_TIMEOUT_ENABLED: option("execution.buffer-timeout.enabled", "boolean", {
    defaultValue: true,
    description: "Send buffers that are not full after a time; when off, only full ones.",
  }),
  BUFFER_TIMEOUT: option("execution.buffer-timeout.interval", "duration", {
    defaultValue: 100,
    min: 0,
    description: "How long a buffer that is not full may wait; 0 sends every record.",
  }),
  ATTACHED: option("execution.attached", "boolean", {
    defaultValue: false,
    description: "Whether the client waits for the job's end.",
  }),
  TARGET: optional("execution.target", "string", "Where the job runs; default: locally, in this process."),
  ISOLATION: choice("execution.local.isolation", ["auto", "inline", "worker"], {
    defaultValue: "auto",
    description: "Where the slots of a local job run (tsflink only).",
  }),
  BATCH_ROWS: option("execution.batch.max-rows", "int", {
    defaultValue: 512,
    min: 1,
    description: "Most records in a batch between operators (tsflink only).",
  }),
  COLLECT_BUFFER: option("execution.collect.max-buffered-rows", "int", {
    defaultValue: 4096,
    min: 1,
    description: "Records executeAndCollect holds for a slow reader before the job waits (tsflink only).",
  }),
};

/** Options of checkpoints. */
export const CheckpointingOptions: {
  readonly INTERVAL: ConfigOption<number | undefined>;
  readonly MODE: ConfigOption<"EXACTLY_ONCE" | "AT_LEAST_ONCE">;
  readonly TIMEOUT: ConfigOption<number>;
  readonly MIN_PAUSE: ConfigOption<number>;
  readonly MAX_CONCURRENT: ConfigOption<number>;
  readonly TOLERABLE_FAILURES: ConfigOption<number>;
  readonly NUM_RETAINED: ConfigOption<number>;
  readonly UNALIGNED: ConfigOption<boolean>;
  readonly FORCE_UNALIGNED: ConfigOption<boolean>;
  readonly ALIGNED_TIMEOUT: ConfigOption<number>;
  readonly AFTER_TASKS_FINISH: ConfigOption<boolean>;
  readonly RETENTION: ConfigOption<"NO_EXTERNALIZED_CHECKPOINTS" | "DELETE_ON_CANCELLATION" | "RETAIN_ON_CANCELLATION">;
  readonly INCREMENTAL: ConfigOption<boolean>;
  readonly DIRECTORY: ConfigOption<string | undefined>;
  readonly SAVEPOINT_DIRECTORY: ConfigOption<string | undefined>;
} = {
  INTERVAL: optional("execution.checkpointing.interval", "duration", "Time between checkpoints; none = off."),
  MODE: choice("execution.checkpointing.mode", ["EXACTLY_ONCE", "AT_LEAST_ONCE"], {
    defaultValue: "EXACTLY_ONCE",
    description: "What holds after a failure.",
  }),
  TIMEOUT: option("execution.checkpointing.timeout", "duration", {
    defaultValue: 10 * MINUTE,
    min: 1,
    description: "After this long a checkpoint is given up.",
  }),
  MIN_PAUSE: option("execution.checkpointing.min-pause", "duration", {
    defaultValue: 0,
    min: 0,
    description: "Least time between the end of a checkpoint and the start of the next.",
  }),
  MAX_CONCURRENT: option("execution.checkpointing.max-concurrent-checkpoints", "int", {
    defaultValue: 1,
    min: 1,
    description: "Most checkpoints under way.",
  }),
  TOLERABLE_FAILURES: option("execution.checkpointing.tolerable-failed-checkpoints", "int", {
    defaultValue: 0,
    min: 0,
    description: "How many checkpoints in a row may fail before the job does.",
  }),
  NUM_RETAINED: option("execution.checkpointing.num-retained", "int", {
    defaultValue: 1,
    min: 1,
    description: "How many completed checkpoints are kept.",
  }),
  UNALIGNED: option("execution.checkpointing.unaligned.enabled", "boolean", {
    defaultValue: false,
    description: "Let barriers overtake records.",
  }),
  FORCE_UNALIGNED: option("execution.checkpointing.unaligned.forced", "boolean", {
    defaultValue: false,
    description: "Unaligned checkpoints also where they are not supported.",
  }),
  ALIGNED_TIMEOUT: option("execution.checkpointing.aligned-checkpoint-timeout", "duration", {
    defaultValue: 0,
    min: 0,
    description: "Start aligned, and let barriers overtake after this long; 0 = at once.",
  }),
  AFTER_TASKS_FINISH: option("execution.checkpointing.checkpoints-after-tasks-finish", "boolean", {
    defaultValue: true,
    description: "Go on with checkpoints when some tasks have finished.",
  }),
  RETENTION: choice(
    "execution.checkpointing.externalized-checkpoint-retention",
    ["NO_EXTERNALIZED_CHECKPOINTS", "DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION"],
    { defaultValue: "NO_EXTERNALIZED_CHECKPOINTS", description: "What happens to checkpoints when the job ends." },
  ),
  INCREMENTAL: option("execution.checkpointing.incremental", "boolean", {
    defaultValue: false,
    description: "Store only what changed since the last checkpoint.",
  }),
  DIRECTORY: optional("execution.checkpointing.dir", "string", "Where checkpoints are stored."),
  SAVEPOINT_DIRECTORY: optional("execution.checkpointing.savepoint-dir", "string", "Where savepoints are stored."),
};

/** Options of state, restarts, resources and the network that a job can set. */
export const JobOptions: {
  readonly STATE_BACKEND: ConfigOption<"hashmap" | "disk">;
  readonly RESTART_STRATEGY: ConfigOption<string | undefined>;
  readonly FIXED_DELAY_ATTEMPTS: ConfigOption<number>;
  readonly FIXED_DELAY: ConfigOption<number>;
  readonly LATENCY_INTERVAL: ConfigOption<number>;
  readonly TASK_SLOTS: ConfigOption<number>;
  readonly SEGMENT_SIZE: ConfigOption<number>;
  readonly MIN_SEGMENT_SIZE: ConfigOption<number>;
  readonly STARTING_SEGMENT_SIZE: ConfigOption<number>;
  readonly MAX_RECORD_SIZE: ConfigOption<number>;
  readonly BUFFER_DEBLOAT: ConfigOption<boolean>;
  readonly BUFFER_DEBLOAT_TARGET: ConfigOption<number>;
  readonly PARTITION_REQUEST_TIMEOUT: ConfigOption<number>;
} = {
  STATE_BACKEND: choice("state.backend.type", ["hashmap", "disk"], {
    defaultValue: "hashmap",
    description: "Where keyed state is kept while the job runs.",
  }),
  RESTART_STRATEGY,
  FIXED_DELAY_ATTEMPTS,
  FIXED_DELAY,
  LATENCY_INTERVAL: option("metrics.latency.interval", "duration", {
    defaultValue: 0,
    min: 0,
    description: "How often sources emit latency markers; 0 = never.",
  }),
  TASK_SLOTS: option("taskmanager.numberOfTaskSlots", "int", {
    defaultValue: 1,
    min: 1,
    description: "Slots of a TaskManager.",
  }),
  SEGMENT_SIZE: option("taskmanager.memory.segment-size", "memory", {
    defaultValue: 32 * KIB,
    min: 256,
    description: "Size of a network buffer.",
  }),
  MIN_SEGMENT_SIZE: option("taskmanager.memory.min-segment-size", "memory", {
    defaultValue: 256,
    min: 1,
    description: "Smallest size of a network buffer when sizes adapt.",
  }),
  STARTING_SEGMENT_SIZE: option("taskmanager.memory.starting-segment-size", "memory", {
    defaultValue: KIB,
    min: 1,
    description: "First size of a network buffer when sizes adapt.",
  }),
  MAX_RECORD_SIZE: option("taskmanager.network.max-record-size", "memory", {
    defaultValue: 64 * MIB,
    min: 1,
    description: "Largest encoded record (tsflink only).",
  }),
  BUFFER_DEBLOAT: option("taskmanager.network.memory.buffer-debloat.enabled", "boolean", {
    defaultValue: false,
    description: "Adapt buffer sizes to the throughput.",
  }),
  BUFFER_DEBLOAT_TARGET: option("taskmanager.network.memory.buffer-debloat.target", "duration", {
    defaultValue: SECOND,
    min: 1,
    description: "How long buffered data should take to be consumed.",
  }),
  PARTITION_REQUEST_TIMEOUT: option("taskmanager.network.partition-request-timeout", "duration", {
    defaultValue: 10 * SECOND,
    min: 1,
    description: "How long a consumer waits for its producer to appear.",
  }),
};

/** Sinks. */
export const SinkOptions: {
  readonly COMMITTER_RETRIES: ConfigOption<number>;
} = {
  COMMITTER_RETRIES: option("sink.committer.retries", "int", {
    defaultValue: 10,
    min: 0,
    description: "How often a commit is tried again before the job fails.",
  }),
};

/** Switches of optimisations: results are the same with each on and off. */
export const OptimizationOptions: {
  readonly CODEGEN: ConfigOption<boolean>;
  readonly TYPED_STATE: ConfigOption<boolean>;
  readonly WINDOW_SLICES: ConfigOption<boolean>;
  readonly TIMER_BUCKETS: ConfigOption<boolean>;
  readonly COLUMNS: ConfigOption<boolean>;
} = {
  CODEGEN: option("pipeline.optimize.codegen", "boolean", {
    defaultValue: true,
    description: "Generate one function per vertex (tsflink only).",
  }),
  TYPED_STATE: option("pipeline.optimize.typed-state", "boolean", {
    defaultValue: true,
    description: "Keep primitive keys and values of keyed state in typed columns (tsflink only).",
  }),
  WINDOW_SLICES: option("pipeline.optimize.window-slices", "boolean", {
    defaultValue: true,
    description: "Let windows share slices where their functions allow it (tsflink only).",
  }),
  TIMER_BUCKETS: option("pipeline.optimize.timer-buckets", "boolean", {
    defaultValue: true,
    description: "Keep timers in buckets per time and in typed heaps (tsflink only).",
  }),
  COLUMNS: option("pipeline.optimize.columns", "boolean", {
    defaultValue: true,
    description: "Keep batches as columns where nobody needs objects (tsflink only).",
  }),
};

/** Options of slots that are threads of their own. */
export const SlotOptions: {
  readonly WORKER_HOST: ConfigOption<"worker_threads" | "web">;
  readonly HEAP: ConfigOption<number>;
  readonly CAPTURE_TIMEOUT: ConfigOption<number>;
  readonly CANCELLATION_TIMEOUT: ConfigOption<number>;
  readonly STUCK_WARNING: ConfigOption<number>;
  readonly RECORDING_SIZE: ConfigOption<number>;
} = {
  WORKER_HOST: choice("execution.local.worker-host", ["worker_threads", "web"], {
    defaultValue: "worker_threads",
    description: "Kind of thread a slot of a local job runs in; web workers cannot be held to a heap (tsflink only).",
  }),
  HEAP: option("taskmanager.memory.task.heap.size", "memory", {
    defaultValue: 2048 * MIB,
    min: 16 * MIB,
    description: "Heap of a slot; one that needs more fails its tasks; this default is not Flink's (tsflink only).",
  }),
  CAPTURE_TIMEOUT: option("execution.capture.timeout", "duration", {
    defaultValue: 30 * SECOND,
    min: 1,
    description: "How long main() may take in a slot until it executes the job again (tsflink only).",
  }),
  CANCELLATION_TIMEOUT: option("task.cancellation.timeout", "duration", {
    defaultValue: 180 * SECOND,
    min: 1,
    description: "How long cancelled tasks may take to end before their slot is given up.",
  }),
  STUCK_WARNING: option("execution.slot.stuck-warning", "duration", {
    defaultValue: 10 * SECOND,
    min: 1,
    description: "A slot whose loop has not moved for that long is named in a warning (tsflink only).",
  }),
  RECORDING_SIZE: option("execution.recording.max-size", "memory", {
    defaultValue: 16 * MIB,
    min: KIB,
    description:
      "What main() may learn from clocks, random values, once() and earlier jobs, on the command line; a job " +
      "that is executed after more than that runs in the isolate of its program (tsflink only).",
  }),
};

/** Every option by its key. */
export const CONFIG_OPTIONS: ReadonlyMap<string, ConfigOption<unknown>> = new Map(
  [
    CoreOptions,
    PipelineOptions,
    ExecutionOptions,
    CheckpointingOptions,
    JobOptions,
    RestartStrategyOptions,
    SinkOptions,
    SlotOptions,
    OptimizationOptions,
  ]
    .flatMap((group) => Object.values(group) as ConfigOption<unknown>[])
    .map((known) => [known.key, known]),
);
