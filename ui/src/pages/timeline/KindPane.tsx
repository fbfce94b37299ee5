// Observed against expected: how often this kind of act happened before, and among peers.

import { useRef } from "preact/hooks";
import { type CaseView, type FindingView, type KindView, to } from "../../api/client.ts";
import { useAnswer } from "../../api/use.ts";
import { count, counted, heat } from "../../base/words.ts";
import type { Zone } from "../../base/zone.ts";
import { useWidth } from "./size.ts";

interface Props {
  readonly case: CaseView;
  readonly finding: FindingView;
  readonly zone: Zone;
}

const TOP = 14;
const PLOT = 128;
const LEFT = 34;

export function KindPane({ case: shown, finding, zone }: Props) {
  const asked = useAnswer("kind", to(["cases", shown.id, "findings", finding.n, "history"]));
  const current = asked.of?.includes(`/findings/${finding.n}/`) ? asked.value : undefined;
  return (
    <section class="kind" aria-label="Observed against expected">
      <h2>Observed against expected {current && <small>acts a {current.unit}</small>}</h2>
      {asked.error !== undefined && <p role="alert">This could not be read: {asked.error}</p>}
      {current ? <Chart kind={current} finding={finding} zone={zone} /> : <div class="chart" />}
    </section>
  );
}

function Chart({ kind, finding, zone }: { kind: KindView; finding: FindingView; zone: Zone }) {
  const element = useRef<HTMLDivElement>(null);
  const width = useWidth(element);
  const first = Date.parse(finding.first);
  const last = Date.parse(finding.last);
  const inCase = (bar: KindView["bars"][number]) =>
    Date.parse(bar.end) > first && Date.parse(bar.start) <= last;
  const peers = kind.peers;
  const most = Math.max(1, peers?.high ?? 0, ...kind.bars.map((b) => b.acts));
  const { top, steps } = scale(most);
  const y = (n: number) => TOP + PLOT - (n / top) * PLOT;
  const x = (i: number) => LEFT + 6 + ((i + 0.5) / kind.bars.length) * (width - LEFT - 18);
  const before = kind.bars.filter((b) => !inCase(b));
  const active = before.filter((b) => b.acts > 0).length;
  const beforeMost = Math.max(0, ...before.map((b) => b.acts));
  const observed = kind.bars.filter(inCase).reduce((n, b) => Math.max(n, b.acts), 0);
  const date = (iso: string) => {
    const at = Date.parse(iso);
    return kind.unit === "month" ? `${zone.month(at)} ${zone.local(at).year}` : zone.date(at);
  };
  const begin = kind.bars[0];
  const end = kind.bars[kind.bars.length - 1];
  return (
    <>
      <div class="chart" ref={element}>
        {width > 0 && (
          <svg
            width={width}
            height={TOP + PLOT + 20}
            role="img"
            aria-label={`${count(observed)} now; before at most ${count(beforeMost)} a ${kind.unit}`}
          >
            {steps.map((n) => (
              <g key={n}>
                <line class="grid" x1={LEFT} x2={width} y1={y(n)} y2={y(n)} />
                <text class="axis end" x={LEFT - 6} y={y(n) + 4}>
                  {count(n)}
                </text>
              </g>
            ))}
            {peers && (
              <rect
                class="band"
                x={LEFT}
                width={width - LEFT}
                y={y(peers.high) - 2.5}
                height={y(peers.low) - y(peers.high) + 5}
              />
            )}
            {kind.bars.map((bar, i) =>
              inCase(bar) ? null : (
                <circle
                  key={bar.start}
                  class={bar.acts > 0 ? "past" : "past none"}
                  cx={x(i)}
                  cy={y(bar.acts)}
                  r={bar.acts > 0 ? 2.2 : 1.2}
                />
              ),
            )}
            {kind.bars.map((bar, i) =>
              inCase(bar) && bar.acts > 0 ? (
                <g key={bar.start}>
                  <circle class={`now ${heat(finding.bits)}`} cx={x(i)} cy={y(bar.acts)} r={5} />
                  <text
                    class={`now-label ${heat(finding.bits)}`}
                    x={x(i) > width - 60 ? x(i) - 10 : x(i) + 10}
                    y={y(bar.acts) + 4}
                    text-anchor={x(i) > width - 60 ? "end" : "start"}
                  >
                    {count(bar.acts)}
                  </text>
                </g>
              ) : null,
            )}
            {begin && end && (
              <>
                <text class="axis" x={LEFT} y={TOP + PLOT + 16}>
                  {date(begin.start)}
                </text>
                <text class="axis end" x={width} y={TOP + PLOT + 16}>
                  {date(end.start)}
                </text>
              </>
            )}
          </svg>
        )}
      </div>
      <p class="legend">
        Counted: {kind.what}.{" "}
        {beforeMost === 0
          ? `None on the other ${counted(before.length, kind.unit)}.`
          : `Otherwise on ${count(active)} of ${counted(before.length, kind.unit)}, at most ${count(beforeMost)}.`}{" "}
        {peers && (
          <span class="ok">
            {peers.doing === 0
              ? `None of ${counted(peers.accounts, peers.who ? "peer" : "other account")} ever.`
              : `${count(peers.doing)} of ${counted(peers.accounts, peers.who ? "peer" : "other account")}: mostly ${range(peers)} a ${kind.unit}, at most ${count(peers.most)}.`}
          </span>
        )}
      </p>
    </>
  );
}

function range({ low, high }: { low: number; high: number }): string {
  return low === high ? count(low) : `${count(low)}–${count(high)}`;
}

/** A round top and three or four steps to it. */
function scale(most: number): { top: number; steps: number[] } {
  const unit = 10 ** Math.floor(Math.log10(most));
  const step = Math.max(
    1,
    [0.5, 1, 2, 2.5].map((n) => n * unit).find((s) => most / s <= 4) ?? 5 * unit,
  );
  const whole = Math.ceil(step);
  const top = Math.ceil(most / whole) * whole;
  return { top, steps: Array.from({ length: top / whole + 1 }, (_, i) => i * whole) };
}
