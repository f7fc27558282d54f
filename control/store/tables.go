package store

// fate says what a backup and a restore do with a table.
type fate int

const (
	// replaced: in the backup; a restore puts its rows in place of those that are there.
	replaced fate = iota
	// kept: in the backup, but a restore into the store of the same installation leaves
	// it alone. What is there has gone on since, and others rely on it: keys that nodes
	// trust now, and logs that nobody may shorten.
	kept
	// added: in the backup; a restore adds the rows that are not there.
	added
	// cleared: not in the backup; it is about what a restore takes away.
	cleared
	// alone: not in the backup and untouched: it belongs to the processes and the
	// database of here and now.
	alone
)

// tables lists every table of the store, in an order in which rows may refer to those
// of tables before. A migration that adds a table must add it here: a test compares.
var tables = []struct {
	name string
	fate fate
}{
	{"meta", replaced}, // by hand, see Restore
	{"object", replaced},
	{"revision", replaced},
	{"revision_object", cleared}, // an index; Open makes it anew
	{"gone_zone", added},
	{"current_member", replaced},
	{"users", replaced},
	{"session", cleared}, // of users who may not be there any more
	{"token", replaced},
	{"node", replaced},
	{"removed_vantage", replaced},
	{"counter", replaced},
	{"secret", kept},
	{"key_rotation", kept},
	{"audit", added},
	{"event", kept},
	{"override_spread", cleared}, // anew, from where the restored ones stand
	{"alert_setting", replaced},
	{"alert_channel", replaced},
	{"alert_mute", kept},
	{"alert", kept},
	{"alert_log", kept},
	{"alert_notice", alone}, // what was to be told there must not be told twice, nor from a copy
	{"alert_delivery", alone},
	{"idempotency", cleared}, // answers about revisions that are gone
	{"lease", alone},
	{"control_process", alone},
	{"goose_db_version", alone},
}
