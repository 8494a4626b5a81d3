// One month of both towns, from the bytes that Python sends.
// Change this file together with frames.py: they describe the same bytes.

export const NO_ONE = 65535;

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// The head alone: enough to answer a frame that belongs to another run.
export function headOf(view) {
  const bytes = bytesOf(view);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { head, after: 4 + length };
}

export function decode(view, about) {
  const { head, after } = headOf(view);
  const bytes = bytesOf(view);
  const residents = about.people.x.length;
  const organisations = about.organisations.length;
  const agreements = about.agreements.length;
  const ties = agreements + about.peers.length;
  const [left, right] = head.moves;
  const expected = after + 2 * (residents + 2 * organisations + ties + 2 * agreements) + 8 * (left + right);
  if (bytes.length !== expected) throw new Error(`a frame of ${bytes.length} bytes where ${expected} were due`);

  let at = after;
  const small = (count) => bytes.slice(at, (at += count));
  const large = (count) => new Uint16Array(small(2 * count).buffer);
  head.towns = head.moves.map((moves) => ({
    strain: small(residents),
    load: small(organisations),
    state: small(organisations),
    trust: small(ties),
    seller: large(agreements),
    moves: large(4 * moves),
  }));
  return head;
}

// The months lived so far: a row of values and a row of who paid for each month of each side.
export class Lived {
  constructor(about) {
    this.run = about.run;
    this.first = about.first;
    this.values = [[], []];
    this.paid = [[], []];
    this.scales = {};
    this.last = -1;
  }

  // A month comes in. What lay after it is forgotten: it was undone.
  put(frame) {
    this.last = frame.month;
    for (const side of [0, 1]) {
      this.values[side].length = Math.min(this.values[side].length, frame.month);
      this.paid[side].length = Math.min(this.paid[side].length, frame.month);
      this.values[side][frame.month] = frame.values[side];
      this.paid[side][frame.month] = frame.paid[side];
    }
  }

  // The months before a reload.
  take(history) {
    if (history.run !== this.run) return;
    for (const side of [0, 1]) {
      (history.values[side] || []).forEach((row, n) => (this.values[side][history.from + n] = row));
      ((history.paid || [])[side] || []).forEach((row, n) => (this.paid[side][history.from + n] = row));
    }
    this.last = Math.max(this.last, this.values[0].length - 1);
  }

  // A chart's months of one side: pairs of month and value.
  line(side, chart) {
    const found = [];
    this.values[side].forEach((row, month) => {
      if (month >= this.first && row && Number.isFinite(row[chart])) found.push([month, row[chart]]);
    });
    return found;
  }
}
