/** The board's state: the newest figures, when they came, and whether they may still be shown as true. Pure. */

export const STALE_MS = 15_000;

export const initial = () => ({ link: "connecting", board: null, shown: null, at: null, time: null, isPaused: false });

export function reduce(state, action) {
  switch (action.type) {
    case "link":
      return { ...state, link: action.status };
    case "board":
      return { ...state, board: action.board, at: action.at, time: action.board.now, shown: state.isPaused ? state.shown : action.board };
    case "pause":
      return { ...state, isPaused: action.isPaused, shown: action.isPaused ? state.shown : state.board };
    default:
      return state;
  }
}

/** Figures older than 15 s are grey and say so: a screen never shows stale green. */
export const isStale = (state, now) => state.at === null || now - state.at > STALE_MS;
