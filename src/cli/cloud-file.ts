import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { type Document, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { type Finding, judgeCloud, type TakenRange } from "../api/findings.ts";
import { CLOUD_KIND, type Cloud, readCloud } from "../api/cloud.ts";
import { CliError, EXIT } from "./errors.ts";

/** A finding with its place in the file; line 1 is the first. */
export interface FileFinding extends Finding {
  readonly line: number;
}

export interface JudgedFile {
  readonly findings: readonly FileFinding[];
  /** The Clouds of the file as they were written; meaningful when no finding is an error. */
  readonly clouds: readonly unknown[];
  /** For each of them the line of a field. */
  readonly lines: readonly LineOf[];
}

type LineOf = (path: readonly string[]) => number;

type Parsed = Document.Parsed;

/** Larger files are no Cloud: etcd's limit for an object is 1.5 MiB. */
const MAX_BYTES = 1_000_000;

/**
 * Judges the text of a file, and the options of its Clouds by the data of their releases. Never throws for what is in the
 * file; ReleaseError when the data is damaged.
 */
export async function judgeFile(text: string, taken: readonly TakenRange[] = []): Promise<JudgedFile> {
  const file = judgeText(text, taken);
  if (file.clouds.length === 0) return file;
  const { OptionsJudge } = await import("../options/index.ts");
  const judge = new OptionsJudge();
  const judged = file.clouds.map(async (cloud, index) =>
    (await judge.judge(cloud)).map((finding) => ({
      ...finding,
      line: file.lines[index]?.(finding.path.split(".")) ?? 1,
    })),
  );
  return { ...file, findings: inOrder([...file.findings, ...(await Promise.all(judged)).flat()]) };
}

/** Judges the text of a file by schema and rules; what its options are is not looked at. Never throws for what is in it. */
export function judgeText(text: string, taken: readonly TakenRange[] = []): JudgedFile {
  if (text.length > MAX_BYTES)
    return refused("too-large", `The file has ${text.length} characters: a Cloud has at most ${MAX_BYTES}.`);
  const lines = new LineCounter();
  const documents = [
    ...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" }),
  ] as Parsed[];
  const syntax = documents.flatMap((document) =>
    document.errors.map((problem): FileFinding => ({
      path: "",
      line: lines.linePos(problem.pos[0]).line,
      severity: "error",
      code: "syntax",
      message: `The file is not YAML here: ${problem.message}. Example: name: laptop`,
    })),
  );
  if (syntax.length > 0) return { findings: syntax, clouds: [], lines: [] };
  const filled = documents.filter(
    (document) => document.contents !== null && !(isScalar(document.contents) && document.contents.value === null),
  );
  if (filled.length === 0)
    return refused("empty", "The file holds no Cloud. Example: underpin check -f examples/laptop.yaml");
  return judgeDocuments(filled, lines, taken);
}

function judgeDocuments(documents: readonly Parsed[], lines: LineCounter, taken: readonly TakenRange[]): JudgedFile {
  const findings: FileFinding[] = [];
  const clouds: unknown[] = [];
  const places: LineOf[] = [];
  for (const document of documents) {
    const value = plain(document);
    if (value instanceof Error) {
      findings.push({
        path: "",
        line: lineOf(document, [], lines),
        severity: "error",
        code: "syntax",
        message: `${value.message}. Example: write the value out instead of an alias`,
      });
      continue;
    }
    if (documents.length > 1 && kindOf(value) !== CLOUD_KIND) {
      const message = `A ${kindOf(value) ?? "document without a kind"} is no Cloud: it is left alone. Apply it with underpin kubectl apply -f FILE`;
      findings.push({
        path: "kind",
        line: lineOf(document, ["kind"], lines),
        severity: "warning",
        code: "not-a-cloud",
        message,
      });
      continue;
    }
    const place: LineOf = (path) => lineOf(document, path, lines);
    clouds.push(value);
    places.push(place);
    const own = judgeCloud(value, taken);
    findings.push(...own.map((finding) => ({ ...finding, line: place(finding.path.split(".")) })));
  }
  if (clouds.length === 0 && findings.every((finding) => finding.severity !== "error")) {
    return refused("empty", "The file holds no Cloud. Example: kind: Cloud");
  }
  return { findings: inOrder(findings), clouds, lines: places };
}

function inOrder(findings: readonly FileFinding[]): FileFinding[] {
  return findings.toSorted((a, b) => a.line - b.line || Number(a.path > b.path) - Number(a.path < b.path));
}

function refused(code: string, message: string): JudgedFile {
  return { findings: [{ path: "", line: 1, severity: "error", code, message }], clouds: [], lines: [] };
}

function plain(document: Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function kindOf(value: unknown): string | undefined {
  const kind = typeof value === "object" && value !== null ? (value as { kind?: unknown }).kind : undefined;
  return typeof kind === "string" ? kind : undefined;
}

/** The line of the key or item that a path names; where it is missing, of what should hold it. */
function lineOf(document: Parsed, path: readonly string[], lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (let at = 0; at < path.length;) {
    // Names of policies and of groups may have dots in them, which stand between fields, too.
    const ends = path.slice(at).map((_key, more) => at + more + 1);
    const end = ends.find((one) => child(node, path.slice(at, one).join(".")) !== undefined);
    const next = end === undefined ? undefined : child(node, path.slice(at, end).join("."));
    if (end === undefined || next === undefined) break;
    offset = next.offset ?? offset;
    node = next.node;
    at = end;
  }
  return lines.linePos(offset).line;
}

/** Lines of the fields of a text's one Cloud: of the key or item that a path names, or of what should hold it. */
export function linesOf(text: string): (path: readonly string[]) => number {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, logLevel: "error" })] as Parsed[];
  const cloud = documents.find((document) => kindOf(plain(document)) === CLOUD_KIND) ?? documents[0];
  return (path) => (cloud === undefined ? 1 : lineOf(cloud, path, lines));
}

function child(node: unknown, key: string): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) return undefined;
    return { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(key)] as { range?: readonly number[] | null } | undefined;
  return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
}

/** Text of a file, or of standard input for `-`. Throws CliError (exit code 2). */
export async function readText(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new CliError(
      `The file ${file} cannot be read`,
      "Give the path of a Cloud, for example -f examples/laptop.yaml.",
      {
        exitCode: EXIT.usage,
        cause,
      },
    );
  }
}

/** A file's one Cloud: as it was written, for the API server, and with defaults, for us. */
export interface LoadedCloud {
  readonly written: Readonly<Record<string, unknown>>;
  readonly cloud: Cloud;
  readonly warnings: readonly FileFinding[];
  /** Line of the file where a field of the Cloud is set. */
  readonly lineOf: (path: readonly string[]) => number;
}

/** Reads a Cloud that is right. Throws CliError (exit code 2) with every finding when it is not, or is not one. */
export async function loadCloud(file: string, taken: readonly TakenRange[] = []): Promise<LoadedCloud> {
  return oneCloud(file, await judgeFile(await readText(file), taken));
}

/** As `loadCloud`, for a text that was read already, whose options are not judged. Throws CliError (exit code 2). */
export function cloudOfText(file: string, text: string, taken: readonly TakenRange[] = []): LoadedCloud {
  return oneCloud(file, judgeText(text, taken));
}

function oneCloud(file: string, { findings, clouds, lines }: JudgedFile): LoadedCloud {
  const errors = findings.filter((finding) => finding.severity === "error");
  if (errors.length > 0) {
    const list = errors.map((finding) => `  ${findingLine(file, finding)}`).join("\n");
    throw new CliError(
      `The Cloud in ${file} is not right; nothing was touched\n${list}`,
      `Correct it, then look at it with: underpin check -f ${file}`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
  const [written, ...more] = clouds;
  if (written === undefined || more.length > 0) {
    throw new CliError(`The file ${file} holds ${clouds.length} Clouds`, "Give a file with one Cloud.", {
      exitCode: EXIT.usage,
    });
  }
  const lineOf: LineOf = (path) => lines[0]?.(path) ?? 1;
  return {
    written: written as Readonly<Record<string, unknown>>,
    cloud: readCloud(written),
    warnings: findings,
    lineOf,
  };
}

/** `examples/laptop.yaml:7: error: spec.release: …` */
export function findingLine(file: string, finding: FileFinding): string {
  const place = finding.path === "" ? "" : `${finding.path}: `;
  return `${file}:${finding.line}: ${finding.severity}: ${place}${finding.message} [${finding.code}]`;
}
