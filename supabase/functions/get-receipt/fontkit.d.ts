// The package ships no types. All that is done with it is to hand it to pdf-lib.
import type { PDFDocument } from "@cantoo/pdf-lib";

type Fontkit = Parameters<PDFDocument["registerFontkit"]>[0];
export declare const create: Fontkit["create"];
