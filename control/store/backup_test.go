package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/backup"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

var backupTime = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func backUp(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Backup(t.Context(), &b, "test", backupTime); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restore(s *store.Store, b []byte, o store.RestoreOptions) (store.Restored, error) {
	if o.At.IsZero() {
		o.At = backupTime
	}
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		return store.Restored{}, err
	}
	defer r.Close()
	return s.Restore(context.Background(), r, o)
}

func mustRestore(t *testing.T, s *store.Store, b []byte, o store.RestoreOptions) store.Restored {
	t.Helper()
	r, err := restore(s, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rows is a backup as lines of text, without the tables that say nothing about the
// state, for comparison.
func rows(t *testing.T, b []byte, without ...string) []string {
	t.Helper()
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for {
		table, row, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(out)
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(without, table.Name) {
			out = append(out, fmt.Sprintf("%s %q", table.Name, row))
		}
	}
}

func zone(name string, serial uint32) *traffic.Zone {
	z := traffic.New(traffic.KindZone).(*traffic.Zone)
	z.Name, z.Serial = name, serial
	z.Normalize()
	return z
}

// fill gives a store something of everything.
func fill(t *testing.T, s *store.Store) traffic.Position {
	t.Helper()
	at := mustHead(t, s)
	at = mustCommit(t, s, put(at, address("a", "192.0.2.1"), zone("example.com", 2026112405))).Position
	at = mustCommit(t, s, put(at, address("a", "192.0.2.2"), zone("example.net", 7))).Position
	at = mustCommit(t, s, put(at, address("b", "192.0.2.3"))).Position
	if _, err := s.Compact(t.Context(), 2, time.Now().Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		s.AddToken(t.Context(), store.Token{ID: "token-1", Name: "old", Hash: []byte("h1"), Role: "admin", CreatedBy: "x", CreatedAt: backupTime}),
		s.AddUser(t.Context(), user("ann")),
		s.AddSession(t.Context(), session("s1", "user-ann", backupTime)),
		s.AddAudit(t.Context(), store.Audit{At: backupTime, Request: "r1", Who: "ann", Count: 1}),
		s.AddNode(t.Context(), store.Node{ID: "edge", Role: "resolver", Labels: map[string]string{"country": "CN"}, PublicKey: "U", CreatedAt: backupTime}),
		s.SaveCurrent(t.Context(), traffic.Current{Scope: traffic.Key{Kind: traffic.KindPool, Name: "p"}, Member: "a", Epoch: 3}),
		s.Rotate(t.Context(), []byte("the second seed of 32 bytes ....."), store.KeyRotation{Serial: 1, Rotation: []byte("r1"), CreatedBy: "x", CreatedAt: backupTime}),
		s.AddReply(t.Context(), store.Reply{Principal: "token-1", Key: "k", Request: []byte("r"), Body: []byte("b")}, backupTime),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return at
}

// TestEveryTableHasAFate holds the list in the source against the tables that the
// migrations make.
func TestEveryTableHasAFate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		have, want := store.TablesThere(t, open()), store.TablesListed()
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("tables of the database: %q\nof the list in tables.go: %q\nsay there what a backup and a restore do with each", have, want)
		}
	})
}

// TestBackupMovesBetweenDatabases: in all four directions a fresh store becomes the one
// that was backed up, but for the new epoch and the serials, and goes on from there.
func TestBackupMovesBetweenDatabases(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "m.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	}
	for from, fromDSN := range kinds {
		for to, toDSN := range kinds {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				old := storetest.Open(t, fromDSN(t))
				head := fill(t, old)
				b := backUp(t, old)
				if again := backUp(t, old); !bytes.Equal(b, again) {
					t.Error("two backups of one state differ")
				}
				s := storetest.Open(t, toDSN(t))
				began := mustHead(t, s)
				mustCommit(t, s, put(began, address("other", "192.0.2.9")))
				r := mustRestore(t, s, b, store.RestoreOptions{})
				if r.Same || r.Position.Revision != head.Revision || r.Position.Epoch <= began.Epoch || r.Position.Epoch <= head.Epoch || r.Position != mustHead(t, s) {
					t.Errorf("%+v from %v and %v", r, head, began)
				}
				// Epoch and serials are in meta, object and counter; those are looked at below.
				if got, want := rows(t, backUp(t, s), "meta", "object", "counter"), rows(t, b, "meta", "object", "counter"); !slices.Equal(got, want) {
					t.Errorf("restored\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				pos, objects, err := s.Load(t.Context())
				if err != nil || pos != r.Position || len(objects) != 4 {
					t.Fatalf("%v %d objects, %v", pos, len(objects), err)
				}
				for _, o := range objects {
					want := map[string]uint32{"example.com": 2026112500, "example.net": 2026112500}[o.Key.Name]
					if v, err := traffic.Decode(o.Key.Kind, o.Body); err != nil || want != 0 && v.(*traffic.Zone).Serial != want {
						t.Errorf("%s: %s %v", o.Key, o.Body, err)
					}
				}
				s1, err1 := old.Signing(t.Context())
				s2, err2 := s.Signing(t.Context())
				if err1 != nil || err2 != nil || !reflect.DeepEqual(s1, s2) || s1.Serial() != 1 {
					t.Error("nodes that trust the old key will refuse the restored state")
				}
				if _, err := s.FindReply(t.Context(), "token-1", "k"); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("a reply about revisions that are gone: %v", err)
				}
				if list, err := s.ListRevisions(t.Context(), store.RevisionFilter{Object: address("a", "").Key(), Limit: 9}); err != nil || len(list) != 2 {
					t.Errorf("history of a: %v %v", list, err)
				}
				next := mustCommit(t, s, put(r.Position, address("c", "192.0.2.4")))
				if d, ok, err := s.Since(t.Context(), r.Position); err != nil || !ok || d.Head != next.Position {
					t.Errorf("who was at the restored position cannot go on: %v %v", ok, err)
				}
			})
		}
	}
}

// TestRestoreIntoTheSameInstallation: what was done since goes, but keys, logs, the
// caller's token and the height of serials stay.
func TestRestoreIntoTheSameInstallation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		at := fill(t, s)
		b := backUp(t, s)
		at = mustCommit(t, s, put(at, zone("example.com", 2026112509), zone("late.example", 5))).Position
		at = mustCommit(t, s, store.Commit{Expected: at, At: backupTime, Changes: []traffic.Change{{Key: zone("example.net", 0).Key(), Before: zone("example.net", 2026112599)}}}).Position
		if err := s.AddUser(t.Context(), store.User{ID: "user-late", Name: "late", Subject: "user-late", Grants: "[]", CreatedAt: backupTime}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"token-2", "token-3"} {
			if err := s.AddToken(t.Context(), store.Token{ID: id, Name: "of " + id, Hash: []byte(id), Role: "scoped", Grants: `[{"role":"admin"}]`, Owner: "user-late"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.DeleteToken(t.Context(), nil, "token-1"); err != nil {
			t.Fatal(err)
		}
		if err := s.AddToken(t.Context(), store.Token{ID: "token-4", Name: "old", Hash: []byte("h4"), Role: "admin"}); err != nil {
			t.Fatal(err)
		}
		// Nodes trust the newer key by now: the backup's would be refused.
		if err := s.Rotate(t.Context(), []byte("a third seed"), store.KeyRotation{Serial: 2, Rotation: []byte("r2"), CreatedAt: backupTime}); err != nil {
			t.Fatal(err)
		}
		known := at.Epoch + 1_000_000_000_000
		r := mustRestore(t, s, b, store.RestoreOptions{KeepToken: "token-2", Known: known})
		if !r.Same || r.Position.Epoch != known+1 || r.Position.Revision != 3 {
			t.Errorf("%+v", r)
		}
		if k, err := s.Signing(t.Context()); err != nil || string(k.Seed) != "a third seed" || k.Serial() != 2 {
			t.Errorf("signing %+v, %v", k, err)
		}
		var names []string
		tokens, err := s.Tokens(t.Context())
		for _, x := range tokens {
			names = append(names, x.ID)
			if x.Owner != "" || x.ID == "token-2" && x.Grants != `[{"role":"admin"}]` {
				t.Errorf("a token of somebody who is not there: %+v", x)
			}
		}
		if err != nil || fmt.Sprint(names) != "[token-2 token-1]" && fmt.Sprint(names) != "[token-1 token-2]" {
			t.Errorf("tokens %v %v", names, err)
		}
		_, objects, err := s.Load(t.Context())
		got := map[string]uint32{}
		for _, o := range objects {
			if o.Key.Kind == traffic.KindZone {
				v, err := traffic.Decode(o.Key.Kind, o.Body)
				if err != nil {
					t.Fatal(err)
				}
				got[o.Key.Name] = v.(*traffic.Zone).Serial
			}
		}
		late, lerr := s.LastSerial(t.Context(), "late.example")
		if err != nil || got["example.com"] != 2026112510 || got["example.net"] != 2026112600 || len(got) != 2 || late != 5 || lerr != nil {
			t.Errorf("serials %v, of the one that went %d: %v %v", got, late, err, lerr)
		}
		// A second time, with the caller's name taken by one of the backup's.
		r2 := mustRestore(t, s, b, store.RestoreOptions{})
		if tokens, err := s.Tokens(t.Context()); err != nil || len(tokens) != 1 || r2.Position.Epoch <= r.Position.Epoch {
			t.Errorf("tokens %v %v, epoch %d after %d", tokens, err, r2.Position.Epoch, r.Position.Epoch)
		}
	})
}

// TestABadBackupChangesNothing: cut at any byte, of a later release, or of no meaning.
func TestABadBackupChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		fill(t, s)
		b := backUp(t, s)
		before := rows(t, b)
		check := func(says string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", says, err, want)
			}
			if now := rows(t, backUp(t, s)); !slices.Equal(now, before) {
				t.Fatalf("%s: something changed", says)
			}
		}
		for i := 0; i < len(b); i += 1 + len(b)/40 {
			_, err := restore(s, b[:i], store.RestoreOptions{})
			check(fmt.Sprintf("cut to %d of %d bytes", i, len(b)), err, backup.ErrDamaged)
		}
		rewrite := func(f func(h *backup.Header, t *backup.Table, r backup.Row) []backup.Row) []byte {
			r, err := backup.NewReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var out bytes.Buffer
			f(&r.Header, &backup.Table{}, nil)
			w, err := backup.NewWriter(&out, r.Header)
			if err != nil {
				t.Fatal(err)
			}
			last := ""
			for {
				table, row, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				list := f(&r.Header, table, row)
				if table.Name != last {
					last = table.Name
					if err := w.Table(*table); err != nil {
						t.Fatal(err)
					}
				}
				for _, x := range list {
					if err := w.Row(x); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
		for says, row := range map[string]struct {
			f    func(h *backup.Header, t *backup.Table, r backup.Row) []backup.Row
			want error
		}{
			"tables of a later release": {func(h *backup.Header, _ *backup.Table, r backup.Row) []backup.Row {
				h.Schema = 99999
				return []backup.Row{r}
			}, backup.ErrNewer},
			"a column of a later release": {func(_ *backup.Header, t *backup.Table, r backup.Row) []backup.Row {
				if t.Name == "token" {
					t.Columns[len(t.Columns)-1] = "shade"
				}
				return []backup.Row{r}
			}, backup.ErrNewer},
			"a table of a later release": {func(_ *backup.Header, t *backup.Table, r backup.Row) []backup.Row {
				if t.Name == "node" {
					t.Name = "shade"
				}
				return []backup.Row{r}
			}, backup.ErrNewer},
			"two rows with one key": {func(_ *backup.Header, t *backup.Table, r backup.Row) []backup.Row {
				if t.Name == "node" {
					return []backup.Row{r, r}
				}
				return []backup.Row{r}
			}, backup.ErrDamaged},
		} {
			_, err := restore(s, rewrite(row.f), store.RestoreOptions{})
			check(says, err, row.want)
		}
		mustRestore(t, s, rewrite(func(_ *backup.Header, _ *backup.Table, r backup.Row) []backup.Row { return []backup.Row{r} }), store.RestoreOptions{})
	})
}

// TestNobodyMeetsARestoreHalfWay: what writes several tables waits for a restore at its
// beginning, not holding a table that the restore wants next.
func TestNobodyMeetsARestoreHalfWay(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u := store.User{ID: "user-1", Name: "ann", CreatedAt: noon}
	if err := s.AddUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for name, do := range map[string]func() error{
		"sign in": func() error {
			return s.AddSession(t.Context(), store.Session{ID: "s", Hash: []byte("h"), UserID: u.ID})
		},
		"compact": func() error { _, err := s.Compact(t.Context(), 0, noon, 10); return err },
	} {
		// A restore, one table at a time; before each but the first, the other gets as far as it can.
		tx, err := raw.Begin()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		for i, table := range store.LockedTables() {
			if _, err := tx.Exec(`LOCK TABLE ` + table + ` IN EXCLUSIVE MODE`); err != nil {
				t.Fatalf("%s: a restore at table %s: %v", name, table, err)
			}
			if i == 0 {
				go func() { done <- do() }()
				for waits := 0; waits == 0; {
					if err := raw.QueryRow(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waits); err != nil {
						t.Fatal(err)
					}
					if waits == 0 && len(done) > 0 {
						t.Fatalf("%s does not wait for a restore", name)
					}
				}
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("%s after a restore: %v", name, err)
		}
	}
}
