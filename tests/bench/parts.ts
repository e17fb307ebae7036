// The parts of `npm run bench`, in the order they run.
import type { Part } from "./part.ts";
import { bytesWritten } from "./parts/bytes.ts";
import { call } from "./parts/call.ts";
import { drain } from "./parts/drain.ts";
import { flat } from "./parts/flat.ts";
import { heartbeats } from "./parts/heartbeats.ts";
import { rates } from "./parts/rates.ts";
import { records } from "./parts/records.ts";
import { requests } from "./parts/requests.ts";
import { wallet } from "./parts/wallet.ts";

export const PARTS: Part[] = [call, wallet, flat, heartbeats, bytesWritten, records, rates, requests, drain];
