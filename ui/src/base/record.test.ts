import { describe, expect, it } from "vitest";
import { laidOut } from "./record.ts";

describe("a raw record", () => {
  it("is laid out without being understood", () => {
    expect(
      laidOut('{"a":12345678901234567890,"b":[1,2.50],"a":"x,{\\"y\\":1}","c":{},"d":[]}'),
    ).toBe(
      [
        "{",
        '  "a": 12345678901234567890,',
        '  "b": [',
        "    1,",
        "    2.50",
        "  ],",
        '  "a": "x,{\\"y\\":1}",',
        '  "c": {},',
        '  "d": []',
        "}",
      ].join("\n"),
    );
  });

  it("says the same afterwards", () => {
    const raw = '{ "k" : [ { "deep" : [ [ ] , { } , null ] } ] , "s" : "a\\\\" }';
    expect(JSON.parse(laidOut(raw))).toEqual(JSON.parse(raw));
  });

  it("stays as it is when it is no JSON", () => {
    const line = "Jul 10 sshd[1]: Failed password for <img src=x> from 1.2.3.4";
    expect(laidOut(line)).toBe(line);
    expect(laidOut('{"cut":')).toBe('{"cut":');
  });

  it("of any depth does not run away", () => {
    const deep = `${"[".repeat(3000)}${"]".repeat(3000)}`;
    expect(laidOut(deep).length).toBeLessThan(1_000_000);
  });
});
