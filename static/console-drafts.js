/** Unsent text per contact, in this tab only: it survives a reload and is gone when the tab or the contact is closed. */

const PREFIX = "luonnos:";

export function draftsIn(storage) {
  const key = (contact, kind) => `${PREFIX}${contact}:${kind}`;
  const keys = () => Array.from({ length: storage.length }, (_, i) => storage.key(i)).filter((k) => k?.startsWith(PREFIX));
  return {
    read: (contact, kind) => storage.getItem(key(contact, kind)) ?? "",
    write(contact, kind, text) {
      if (text) storage.setItem(key(contact, kind), text);
      else storage.removeItem(key(contact, kind));
    },
    has: (contact) => keys().some((k) => k.startsWith(`${PREFIX}${contact}:`)),
    forget(contact) {
      for (const k of keys()) if (k.startsWith(`${PREFIX}${contact}:`)) storage.removeItem(k);
    },
    forgetAll() {
      for (const k of keys()) storage.removeItem(k);
    },
  };
}
