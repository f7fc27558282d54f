package store_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// eachURL runs a test on an empty database of either kind.
func eachURL(t *testing.T, f func(t *testing.T, url string, raw *sql.DB)) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "meridian.db")
			driver, url, name := "sqlite", "sqlite:"+path, "file:"+path+"?_pragma=busy_timeout(10000)"
			if kind == "postgres" {
				url = storetest.Postgres(t)
				driver, name = "pgx", url
			}
			raw, err := sql.Open(driver, name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { raw.Close() })
			f(t, url, raw)
		})
	}
}

// firstRelease makes the database that the first release left behind: its migrations, and
// every row of a small installation that it ran (testdata/release-1.json).
func firstRelease(t *testing.T, raw *sql.DB) {
	t.Helper()
	if err := store.MigrateTo(t.Context(), raw, 3); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/release-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var tables map[string]struct {
		Columns []string
		Rows    [][]any
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&tables); err != nil {
		t.Fatal(err)
	}
	for name, table := range tables {
		if _, err := raw.Exec("DELETE FROM " + name); err != nil {
			t.Fatal(err)
		}
		for _, row := range table.Rows {
			marks := make([]string, len(row))
			for i, v := range row {
				marks[i] = fmt.Sprintf("$%d", i+1)
				switch v := v.(type) {
				case json.Number:
					if row[i], err = v.Int64(); err != nil {
						t.Fatal(err)
					}
				case map[string]any: // bytes
					text, isText := v["text"].(string)
					row[i] = []byte(text)
					if !isText {
						if row[i], err = base64.StdEncoding.DecodeString(v["base64"].(string)); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if _, err := raw.Exec("INSERT INTO "+name+" ("+strings.Join(table.Columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", row...); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func TestAStoreOfTheFirstReleaseIsTakenOver(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string, raw *sql.DB) {
		firstRelease(t, raw)
		s := storetest.Open(t, url)
		c, err := control.New(t.Context(), control.Options{Store: s})
		if err != nil {
			t.Fatal(err)
		}
		head, err := c.Head(t.Context())
		if err != nil || head.Revision != 3 {
			t.Fatalf("head %v, %v", head, err)
		}
		b, err := c.Get(traffic.Key{Kind: traffic.KindAddress, Name: "b"})
		if err != nil || b.Object.(*traffic.Address).Address != "192.0.2.3" || b.Meta.Set != "site" || b.Meta.Revision != 3 {
			t.Errorf("b is %+v, %v", b, err)
		}
		// The chain goes on where it was, a zone that was deleted then comes back with its
		// serial, and a repeat of a request from before gets its answer.
		zone := traffic.New(traffic.KindZone).(*traffic.Zone)
		zone.Name = "example.org"
		r, err := c.Commit(t.Context(), control.ChangeSet{Put: []traffic.Object{zone}, Author: "ann"})
		if err != nil || r.Revision != 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		if z, err := c.Get(zone.Key()); err != nil || z.Object.(*traffic.Zone).Serial <= 2026112500 {
			t.Errorf("the zone that comes back: %+v, %v", z.Object, err)
		}
		if _, err := s.FindReply(t.Context(), "token-yvlfair6neivwssq2ncwq6gxzu", "k1"); err != nil {
			t.Errorf("a reply from before: %v", err)
		}
		first, err := s.OldEvents(t.Context(), 0, 1)
		if err != nil || len(first) != 1 || first[0].ID != 1 || first[0].Text != "made with the role viewer by admin" || first[0].At.Year() != 2026 {
			t.Errorf("events from before: %+v, %v", first, err)
		}
		if rest, err := s.OldEvents(t.Context(), 1, 10); err != nil || len(rest) != 0 {
			t.Errorf("after the last one: %+v, %v", rest, err)
		}
		if list, err := s.Tokens(t.Context()); err != nil || len(list) != 2 {
			t.Errorf("%d tokens, %v", len(list), err)
		}
		if cs, err := c.Rollback(t.Context(), 1); err != nil {
			t.Error(err)
		} else if plan, err := c.Plan(t.Context(), cs); err != nil || len(plan.Changes) != 1 {
			t.Errorf("back to the first revision: %+v, %v", plan.Changes, err) // b alone: example.org is there again
		}
	})
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string, raw *sql.DB) {
		firstRelease(t, raw)
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				s, err := store.Open(context.Background(), url)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if p, err := s.Head(context.Background()); err != nil || p.Revision != 3 {
					t.Errorf("head %v, %v", p, err)
				}
			})
		}
		all.Wait()
	})
}

// A newer release runs beside an older one during an upgrade: its migrations only add.
// Once it takes something away, the older one must not begin.
func TestAStoreOfANewerReleaseIsOpenedUnlessItSaysNo(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string, raw *sql.DB) {
		storetest.Open(t, url).Close()
		if _, err := raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99990, true)`); err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec(`ALTER TABLE token ADD COLUMN of_later BIGINT NOT NULL DEFAULT 7`); err != nil {
			t.Fatal(err)
		}
		s := storetest.Open(t, url)
		if err := s.AddToken(t.Context(), store.Token{ID: "t", Name: "t", Hash: []byte("h"), Role: "viewer", CreatedAt: noon}); err != nil {
			t.Errorf("an older program on a newer store: %v", err)
		}
		s.Close()
		if _, err := raw.Exec(`UPDATE meta SET floor = 99990`); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), url)
		if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "99990") {
			t.Errorf("a store that needs a newer program: %v", err)
		}
	})
}
