/**
 * "The cold room has been too warm for ten minutes": an alert for something that did NOT happen, the thing state and
 * timers are for. A keyed process function remembers when a room became too warm and sets a timer; a good reading deletes
 * it.
 *
 *     deno run -A cli.ts local examples/state_and_timers.ts
 */

import { type Collector, type DataStream, StreamExecutionEnvironment, Types, valueState } from "tsflink";

export interface Reading {
  readonly room: string;
  /** ms since the epoch. */
  readonly time: number;
  readonly celsius: number;
}

export interface Alert {
  readonly room: string;
  readonly since: number;
  /** The warmest reading since then. */
  readonly celsius: number;
}

const MINUTE_MS = 60_000;

export function alerts(readings: DataStream<Reading>, limit: number, minutes: number) {
  const patience = minutes * MINUTE_MS;
  return readings
    .assignTimestampsAndWatermarks({ timestamp: (reading) => reading.time })
    .keyBy("room")
    .process({
      // Declared state: one of each per room, kept by the engine, typed as `ctx.state.since` and so on.
      state: {
        since: valueState({ type: Types.DOUBLE }),
        warmest: valueState({ defaultValue: -Infinity }),
        isAlerted: valueState({ defaultValue: false }),
      },

      processElement({ room, time, celsius }, ctx, out: Collector<Alert>) {
        const { since, warmest, isAlerted } = ctx.state;
        const began = since.value();
        // Timers fire when the watermark passes them, and readings are ahead of the watermark. So the reading that shows
        // that time is up may well be here first.
        if (began !== undefined && time >= began + patience && !isAlerted.value()) {
          isAlerted.update(true);
          out.collect({ room, since: began, celsius: warmest.value() });
        }
        if (celsius > limit) {
          warmest.update(Math.max(celsius, warmest.value()));
          if (began !== undefined) return;
          since.update(time);
          ctx.timerService().registerEventTimeTimer(time + patience);
        } else if (began !== undefined) {
          ctx.timerService().deleteEventTimeTimer(began + patience);
          since.clear();
          warmest.clear();
          isAlerted.clear();
        }
      },

      // Nothing more is to come from before this time, not even a good reading: also a sensor that fell silent is found.
      onTimer(_time, ctx, out: Collector<Alert>) {
        const { since, warmest, isAlerted } = ctx.state;
        if (isAlerted.value()) return;
        isAlerted.update(true);
        out.collect({ room: ctx.getCurrentKey(), since: since.value()!, celsius: warmest.value() });
      },
    });
}

const HOURS = 23;

/** Readings of a working day, one per room and minute: a door is left open now and then. */
export function readings(): Reading[] {
  const rooms = ["fish", "fruit", "ice cream"];
  return Array.from({ length: HOURS * 60 * rooms.length }, (_, i) => {
    const minute = Math.floor(i / rooms.length);
    const room = i % rooms.length;
    // Doors are opened every 97, 151 and 205 minutes and stay open for 3 to 20 minutes.
    const opened = minute % (97 + 54 * room);
    const open = 3 + ((7 * Math.floor(minute / (97 + 54 * room)) + 5 * room) % 18);
    return { room: rooms[room], time: minute * MINUTE_MS, celsius: opened < open ? 5 + opened / 4 : 2 };
  });
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  alerts(env.fromData(readings()), 4, 10)
    .map(({ room, since, celsius }) => {
      const clock = new Date(since).toISOString().slice(11, 16);
      return `${clock}  ${room}: too warm for ten minutes, up to ${celsius.toFixed(1)} °C`;
    })
    .print();
  await env.execute("cold rooms");
}

if (import.meta.main) await main();
