import { readdirSync, readFileSync } from "node:fs";

const NS_PER_MS = 1e6;
const KIB = 1024;

/** CPU time of all threads of a process that still run, milliseconds. Linux only. */
export function cpuMsOf(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [ranNs] = read(`/proc/${pid}/task/${task}/schedstat`).split(" ");
    ns += Number(ranNs || 0);
  }
  return ns / NS_PER_MS;
}

/** Resident memory of a process, bytes. Linux only. */
export function residentBytesOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/mu.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kib) * KIB;
}

/** Open file descriptors of a process. Linux only. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A thread may end between its listing and its reading. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
