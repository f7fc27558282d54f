package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestADatabaseThatWasSetBackTakesNothingBack: somebody restores the database itself,
// with means that know nothing of epochs. That must be seen, and have a way out.
func TestADatabaseThatWasSetBackTakesNothingBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+"zones:\n  - {name: example.com, records: []}\n", "apply", "-f", "-")
	var resolvers []*process
	for _, id := range resolverIDs {
		resolvers = append(resolvers, c.join("resolver", id))
	}
	c.put("state", `"old"`)
	c.converge(resolverIDs...)
	file := filepath.Join(c.control.data(), "meridian.db")
	move := func(to, from string) {
		t.Helper()
		if err := c.control.stop(); err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"", "-wal", "-shm"} {
			b, err := os.ReadFile(from + end)
			if os.IsNotExist(err) {
				os.Remove(to + end)
				continue
			}
			if err == nil {
				err = os.WriteFile(to+end, b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		c.control.start()
	}
	older := filepath.Join(t.TempDir(), "older.db")
	move(older, file)
	c.put("state", `"new"`)
	c.put("more", `"x"`)
	c.converge(resolverIDs...)
	move(file, older)

	said := func(want string) {
		t.Helper()
		for _, p := range resolvers {
			m, err := p.ask("state.example.com", "TXT", "")
			if err != nil || strings.Join(txt(m), "") != `"`+want+`"` {
				t.Errorf("%s says %v, %v; want %s", p.name, m, err, want)
			}
		}
	}
	c.alarmed("control", "it lost revisions")
	said("new")
	c.put("lost", `"x"`) // on the old head; it goes nowhere, and the alarm says so
	c.alarmed("control", "restore it from a backup")
	said("new")
	for _, p := range resolvers[:1] {
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		p.start()
	}
	said("new")

	if err := restoreAt(c.control.api(), c.adminToken(), c.backup()); err != nil {
		t.Fatal(err)
	}
	c.converge(resolverIDs...)
	said("old")
	c.put("state", `"next"`)
	c.converge(resolverIDs...)
	said("next")
	fault(t, "SQL restored older, by means of the database", "nodes keep the newer revision, also over a restart; control publishes nothing and says why; its backup, restored onto itself, begins an epoch that all take", "so")
}
