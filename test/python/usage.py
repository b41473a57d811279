"""The usage of the module whose name is the argument; prints what a program sees of it, as JSON.

Ids and times differ from run to run: ids are replaced by names, times by what is true of them.
"""

import asyncio
import importlib
import json
import sys
from datetime import datetime, timedelta

module = importlib.import_module(sys.argv[1])
SessionPersistence = module.SessionPersistence


def with_names(value, names):
    text = json.dumps(value, ensure_ascii=False)
    for session_id, name in names.items():
        text = text.replace(session_id, name)
    return json.loads(text)


def is_recent(text):
    """True for a time of the last minute, as programs compare it: with the local time, without an offset."""
    return timedelta(0) <= datetime.now() - datetime.fromisoformat(text) < timedelta(minutes=1)


def without_times(data, *keys):
    return {**data, **{key: is_recent(data[key]) for key in keys}}


def histories_without_times(entries):
    return [without_times(entry, "timestamp") for entry in entries]


async def main():
    seen = {}
    root = module.create_agent_session("usage-root", user_id="ada")
    seen["initialize"] = await root.initialize()
    root.add_metadata("model", "small")
    root.add_metadata("tags", ["a", {"b": None}])
    await root.process_message("Where to in May? 🧵", "Lisbon.\n漢字")
    await root.process_message("", "Said nothing?")

    child = await root.spawn_child_session()
    await child.process_message("Flights?", "Two a day.")
    grandchild = await child.spawn_child_session(user_id="grace")
    late = module.create_agent_session(user_id="bob", parent_session_id=child.session_id)
    names = {child.session_id: "CHILD", grandchild.session_id: "GRANDCHILD", late.session_id: "LATE"}
    place = late.context
    seen["place of a new child"] = [place.depth, place.root_session_id, place.parent_session_id]
    seen["child initialize"] = await late.initialize()

    summary = await child.get_session_summary()
    seen["summary"] = without_times(summary, "created_at", "last_active")
    seen["active after creation"] = summary["created_at"] <= summary["last_active"]
    seen["history"] = histories_without_times(root.get_history())
    root.get_history().clear()
    seen["history is a copy"] = len(root.get_history())
    seen["metadata"] = [root.get_metadata("model"), root.get_metadata("nothing")]
    seen["found"] = [module.get_agent_session("usage-root") is root, module.get_agent_session("nowhere")]
    seen["persist"] = [await root.persist(), await child.persist()]

    store = SessionPersistence()
    loaded = store.load("usage-root")
    seen["same history"] = loaded["history"] == root.get_history()
    loaded["history"] = histories_without_times(loaded["history"])
    seen["loaded"] = without_times(loaded, "created_at", "last_active")
    seen["load nothing"] = store.load("nowhere")
    seen["of ada"] = sorted(data["session_id"] for data in store.list_sessions("ada"))
    seen["of all"] = sorted(data["session_id"] for data in store.list_sessions())
    seen["of nobody"] = store.list_sessions("nobody")
    root.add_metadata("later", 1)
    seen["unsaved metadata"] = store.load("usage-root")["metadata"].get("later")
    seen["save"] = store.save(root)
    seen["saved metadata"] = store.load("usage-root")["metadata"]["later"]
    seen["delete"] = [store.delete(late.session_id), store.delete(late.session_id)]
    seen["deleted"] = store.load(late.session_id)

    context = module.SessionContext("alone")
    seen["context"] = [context.depth, context.metadata, context.message_count, is_recent(context.last_active)]
    seen["of ada"] = sorted(with_names(seen["of ada"], names))
    seen["of all"] = sorted(with_names(seen["of all"], names))
    print(json.dumps(with_names(seen, names), ensure_ascii=False))


asyncio.run(main())
