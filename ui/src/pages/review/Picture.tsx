// The accounts and shared things about an account, on two rings. Names are text, and shown on hover.

import { useState } from "preact/hooks";
import type { ReviewView } from "../../api/client.ts";
import { radial } from "../../base/radial.ts";
import { counted } from "../../base/words.ts";

const SIZE = 400;
const MIDDLE = SIZE / 2;
const ROOM = MIDDLE - 34;
const KEY = [
  ["self", "this one"],
  ["fraud", "known fraud"],
  ["honest", "known honest"],
  ["account", "not judged"],
  ["thing", "shared thing"],
] as const;

export function Picture({ account }: { account: ReviewView }) {
  const [over, setOver] = useState<number>();
  const { nodes, ties } = account;
  const shared = (tie: ReviewView["ties"][number]) =>
    nodes[tie.a]?.kind === "thing" || nodes[tie.b]?.kind === "thing";
  const places = radial(
    nodes.length,
    ties.filter(shared),
    ties.filter((tie) => !shared(tie)),
  );
  const at = (i: number) => ({
    x: MIDDLE + ROOM * (places[i]?.x ?? 0),
    y: MIDDLE + ROOM * (places[i]?.y ?? 0),
  });
  const told = over === undefined ? undefined : nodes[over];
  if (nodes.length <= 1) return <p class="soft">It is tied to nobody.</p>;
  return (
    <figure class="picture">
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={sentence(account)}
        onMouseLeave={() => setOver(undefined)}
      >
        {ties.map((tie, n) => {
          const [a, b] = [at(tie.a), at(tie.b)];
          const near = over === tie.a || over === tie.b;
          return (
            <line key={n} x1={a.x} y1={a.y} x2={b.x} y2={b.y} class={near ? "tie near" : "tie"} />
          );
        })}
        {nodes.map((node, i) => {
          const { x, y } = at(i);
          const kind = i === 0 ? "self" : node.known !== "" ? node.known : node.kind;
          return (
            <g key={i} class={`node ${kind}`} onMouseEnter={() => setOver(i)}>
              {node.kind === "thing" ? (
                <>
                  <rect
                    x={x - 5}
                    y={y - 5}
                    width={10}
                    height={10}
                    transform={`rotate(45 ${x} ${y})`}
                  />
                  <text x={x} y={y - 11}>
                    {node.name}
                    {node.more > 0 ? ` +${node.more}` : ""}
                  </text>
                </>
              ) : node.known === "fraud" && i > 0 ? (
                // Told by shape, too: not everybody sees red beside grey.
                <path d={`M${x} ${y - 7}L${x + 7} ${y + 5}L${x - 7} ${y + 5}Z`} />
              ) : (
                <circle cx={x} cy={y} r={i === 0 ? 9 : 5} />
              )}
            </g>
          );
        })}
      </svg>
      <figcaption>
        {told === undefined ? (
          sentence(account)
        ) : (
          <>
            <bdi>{told.name}</bdi>
            {told.kind === "thing"
              ? `, shared${told.more > 0 ? `; ${counted(told.more, "holder")} not drawn` : ""}`
              : told.known !== "" && over !== 0
                ? `, known to be ${told.known === "fraud" ? "fraudulent" : "honest"}`
                : ""}
          </>
        )}
      </figcaption>
      <p class="key" aria-hidden="true">
        {KEY.map(([kind, label]) => (
          <span key={kind}>
            <i class={kind} /> {label}
          </span>
        ))}
      </p>
    </figure>
  );
}

function sentence({ nodes, reach }: ReviewView): string {
  const others = nodes.slice(1).filter((n) => n.kind === "account");
  const bad = others.filter((n) => n.known === "fraud").length;
  const things = nodes.filter((n) => n.kind === "thing").length;
  const known = bad > 0 ? `, ${bad} of them known to be fraudulent` : "";
  const dealt = `dealt with ${counted(reach, "account")}`;
  return `${counted(others.length, "account")} drawn${known}; it shares ${counted(things, "thing")} and ${dealt}.`;
}
