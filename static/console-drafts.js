/** Drafts and unacknowledged messages per contact, in this tab only: it survives a reload and is gone when the tab or the contact is closed. */

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
    keep: (message) => storage.setItem(key(message.contact, `lahetys:${message.client_id}`), JSON.stringify(message)),
    release: (message) => storage.removeItem(key(message.contact, `lahetys:${message.client_id}`)),
    kept: () =>
      keys()
        .filter((k) => k.includes(":lahetys:"))
        .map((k) => JSON.parse(storage.getItem(k)))
        .sort((a, b) => a.at - b.at),
    has: (contact) => ["reply", "note"].some((kind) => storage.getItem(key(contact, kind))),
    forget(contact) {
      for (const k of keys()) if (k.startsWith(`${PREFIX}${contact}:`)) storage.removeItem(k);
    },
    forgetAll() {
      for (const k of keys()) storage.removeItem(k);
    },
  };
}
