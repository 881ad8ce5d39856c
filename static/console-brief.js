/** What the resident pane reads from a brief. Pure: groups and codes, no words of its own. */

const LOUD = new Set(["unknown", "not_asked"]);

/**
 * Red flags in three parts: those to read now, pages not asked at all (told once, not sign by sign), and those that
 * are well, which are folded. The server has put the alarming ones first.
 */
export function flagsOf(brief) {
  const flags = brief.red_flags ?? [];
  const skipped = ["now", "today"].filter((page) => {
    const signs = flags.filter((flag) => flag.page === page);
    return signs.length > 0 && signs.every((flag) => flag.answer === "not_asked");
  });
  const told = flags.filter((flag) => !skipped.includes(flag.page));
  return {
    loud: told.filter((flag) => flag.danger || LOUD.has(flag.answer)),
    skipped: skipped.map((page) => ({ page, count: flags.filter((flag) => flag.page === page).length })),
    calm: told.filter((flag) => !flag.danger && !LOUD.has(flag.answer)),
  };
}

/** How a flag looks: danger is told by shape and word also where the dangerous answer is no. */
export const toneOf = (flag) => (flag.danger ? "yes" : flag.answer === "yes" ? "plain" : flag.answer);

/** Who asks for whom, as it was told, in front of the facts that were answered. */
export function factsOf(brief) {
  const asker = { id: "asker_is", key: "console.summary.asker_is", valueKey: `console.asker.${brief.asker_is}` };
  return [...(brief.asker_is ? [asker] : []), ...(brief.facts ?? [])];
}

/** Whether there is something to tell of changes. */
export const hasChanged = (brief) => Boolean(brief.changes || brief.happened?.length);

export const isNews = (brief) => Boolean(brief.changes?.new || brief.happened?.some((each) => each.new));

/** The level that the answers came to, when it is not the one in force and nobody has assessed since. */
export function proposalOf(brief, row) {
  if (!brief.level || brief.level === row.urgency) return null;
  const assessed = brief.assessed?.at(-1);
  return assessed && brief.answered_at && Date.parse(assessed.at) >= Date.parse(brief.answered_at) ? null : brief.level;
}

/** The form's button says what is there already. */
export function formVerb(brief) {
  if (brief.draft_at) return "console.form.go_on";
  return brief.answered_at ? "console.form.correct" : "console.form.start";
}
