// Everything a live call tells, in order, as short lines.
import type { LiveCall } from "../../../client-sdk/src/index.ts";

export interface Heard {
  /** `tick 59`, `warning 60`, `extended 120`, `depleted credit`, `ended completed`, `error network_error` … */
  readonly lines: string[];
  /** The lines that are no ticks. */
  readonly events: string[];
  readonly ticks: number[];
}

export function listen(call: LiveCall): Heard {
  const lines: string[] = [];
  call.on("tick", ({ secondsLeft }) => lines.push(`tick ${secondsLeft}`));
  call.on("warning", ({ thresholdSeconds }) => lines.push(`warning ${thresholdSeconds}`));
  call.on("extended", ({ addedSeconds }) => lines.push(`extended ${addedSeconds}`));
  call.on("depleted", ({ cause }) => lines.push(`depleted ${cause}`));
  call.on("ended", ({ state, confirmed }) => {
    lines.push(confirmed ? `ended ${state.endReason}` : "ended unconfirmed");
  });
  call.on(
    "error",
    ({ error, willRetry }) => lines.push(`error ${error.code}${willRetry ? "" : " given up"}`),
  );
  return {
    lines,
    get events() {
      return lines.filter((line) => !line.startsWith("tick"));
    },
    get ticks() {
      return lines.filter((line) => line.startsWith("tick")).map((line) => Number(line.slice(5)));
    },
  };
}
