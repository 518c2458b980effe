/**
 * The smallest fluent API over transformations, with Flink's names, ids and defaults: enough to write the programs
 * whose graphs were taken from real Flink. Only for the tests of graph/.
 *
 * @module
 */

import type { ChainingStrategy, StreamOperatorFactory } from "../../operators/operator.ts";
import { expandSink, type SinkStage, type SinkTopology } from "../sink_expansion.ts";
import type { ShipStrategy } from "../stream_partitioner.ts";
import {
  LegacySinkTransformation,
  OneInputTransformation,
  PARALLELISM_DEFAULT,
  PhysicalTransformation,
  SourceTransformation,
  type Transformation,
  TransformationIds,
  TwoInputTransformation,
} from "../transformation.ts";
import {
  GlobalCommitterTransformation,
  PartitionTransformation,
  SideOutputTransformation,
  SinkTransformation,
  type SinkUidHashes,
  UnionTransformation,
} from "../virtual_transformation.ts";

export function factory(options: Partial<StreamOperatorFactory<unknown>> = {}): StreamOperatorFactory<unknown> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    create: () => {
      throw new Error("graphs only");
    },
    ...options,
  };
}

const selectKey = (value: unknown): string => String(value);

/** Records transformations the way Flink's environment does. */
export class TestEnvironment {
  readonly ids: TransformationIds = new TransformationIds();
  readonly transformations: Transformation[] = [];
  constructor(public parallelism: number = 1) {}

  source(name: string, options: { parallelism?: number; legacy?: boolean; unbounded?: boolean } = {}): TestStream {
    const transformation = new SourceTransformation({
      ids: this.ids,
      name,
      factory: factory({ numInputs: 0, isSource: true }),
      parallelism: options.parallelism ?? this.parallelism,
      boundedness: options.unbounded ? "continuous-unbounded" : "bounded",
      legacy: options.legacy,
    });
    return new TestStream(this, transformation);
  }
  sequence(): TestStream {
    return this.source("Sequence Source");
  }
  data(): TestStream {
    return this.source("Collection Source", { parallelism: 1 });
  }
  add<T extends Transformation>(transformation: T): T {
    this.transformations.push(transformation);
    return transformation;
  }
}

/** A stream, or a sink: whatever a transformation stands for. */
export class TestStream {
  constructor(
    readonly env: TestEnvironment,
    readonly transformation: Transformation,
    readonly keyed: boolean = false,
  ) {}

  operator(name: string, options: Partial<StreamOperatorFactory<unknown>> = {}): TestStream {
    return new TestStream(
      this.env,
      this.env.add(
        new OneInputTransformation(this.transformation, {
          name,
          factory: factory(options),
          parallelism: this.env.parallelism,
          keySelector: this.keyed ? selectKey : undefined,
        }),
      ),
    );
  }
  map(): TestStream {
    return this.operator("Map");
  }
  filter(): TestStream {
    return this.operator("Filter");
  }
  process(): TestStream {
    return this.operator(this.keyed ? "KeyedProcess" : "Process");
  }
  reduce(): TestStream {
    return this.operator("Keyed Reduce");
  }
  partition(strategy: ShipStrategy): TestStream {
    return new TestStream(this.env, new PartitionTransformation(this.transformation, { strategy }));
  }
  keyBy(): TestStream {
    const partition = new PartitionTransformation(this.transformation, { strategy: "HASH", keySelector: selectKey });
    return new TestStream(this.env, partition, true);
  }
  union(...others: TestStream[]): TestStream {
    const inputs = [this, ...others].map((stream) => stream.transformation);
    return new TestStream(this.env, new UnionTransformation(inputs));
  }
  side(tag: string): TestStream {
    return new TestStream(this.env, new SideOutputTransformation(this.transformation, tag));
  }
  connect(other: TestStream, name: string): TestStream {
    return new TestStream(
      this.env,
      this.env.add(
        new TwoInputTransformation(this.transformation, other.transformation, {
          name,
          factory: factory({ numInputs: 2 }),
          parallelism: this.env.parallelism,
          keySelectors: [this.keyed ? selectKey : undefined, other.keyed ? selectKey : undefined],
        }),
      ),
    );
  }
  windowAll(name: string): TestStream {
    const window = this.keyBy().operator(name);
    window.transformation.forceNonParallel();
    return window;
  }
  legacySink(name: string, parallelism: number = this.env.parallelism): TestStream {
    const options = { name, factory: factory(), parallelism };
    return new TestStream(this.env, this.env.add(new LegacySinkTransformation(this.transformation, options)));
  }
  print(): TestStream {
    return this.legacySink("Print to Std. Out");
  }
  sink(topology: Partial<SinkTopology> = {}, uidHashes?: SinkUidHashes): TestStream {
    const expand = (self: SinkTransformation) => expandSink(self, { writer: factory({ isSink: true }), ...topology });
    const options = { parallelism: this.env.parallelism, uidHashes };
    return new TestStream(this.env, this.env.add(new SinkTransformation(this.transformation, expand, options)));
  }
  committingSink(topology: Partial<SinkTopology> = {}, uidHashes?: SinkUidHashes): TestStream {
    return this.sink({ committer: factory({ isSink: true }), ...topology }, uidHashes);
  }

  set(properties: Partial<Settable>): TestStream {
    Object.assign(this.transformation, properties);
    return this;
  }
  chaining(strategy: ChainingStrategy): TestStream {
    const target = this.transformation;
    if (target instanceof PhysicalTransformation || target instanceof SinkTransformation) {
      target.chainingStrategy = strategy;
    }
    return this;
  }
  /** As a tagging map of a coGroup: the parallelism of its input. */
  inheriting(): TestStream {
    this.transformation.inheritParallelism(this.transformation.inputs[0].parallelism);
    return this;
  }
}

type Settable = Pick<
  Transformation,
  | "name"
  | "uid"
  | "uidHash"
  | "description"
  | "slotSharingGroup"
  | "parallelism"
  | "maxParallelism"
  | "bufferTimeoutMs"
  | "coLocationGroup"
>;

/** A custom topology of a sink, written with streams: operators get no parallelism of their own. */
export function sinkPart(
  env: TestEnvironment,
  build: (input: TestStream) => TestStream,
): (input: Transformation) => SinkStage {
  return (input: Transformation): SinkStage => {
    const before = env.transformations.length;
    const parallelism = env.parallelism;
    env.parallelism = PARALLELISM_DEFAULT;
    try {
      const output = build(new TestStream(env, input)).transformation;
      return { created: env.transformations.splice(before), output };
    } finally {
      env.parallelism = parallelism;
    }
  };
}

/** The post-commit topology of a global committer. */
export function globalCommitter(committables: Transformation): SinkStage {
  const made = new GlobalCommitterTransformation(committables, factory());
  return { created: [made], output: made };
}
