import { windowCases } from "./job_script.ts";
import { TumblingEventTimeWindows } from "tsflink";
windowCases("probe", { assigner: TumblingEventTimeWindows.of(5), lateTag: true }, [
  ["a1@1 w3 b2@2 w4 a5@0 w9", "w3 a=1[0..5)@4 b=2[0..5)@4 w4 w9 W / late a5@0"],
  ["a1@1 w3 | b2@2 w4 a5@0 w9", "w3 a=1[0..5)@4 b=2[0..5)@4 w4 w9 W / late a5@0"],
]);
