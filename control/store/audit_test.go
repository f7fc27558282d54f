package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func TestAudit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		row := func(second int, who, object, outcome string) store.Audit {
			return store.Audit{At: noon.Add(time.Duration(second) * time.Second), Request: fmt.Sprintf("r%d-%s", second, who), Kind: "token", Principal: "token-" + who, Who: who,
				Remote: "192.0.2.1", Source: "api", Method: "PUT", Route: "/pools/{name}", Object: object, Outcome: outcome, Code: "x", Count: 1}
		}
		rows := []store.Audit{row(0, "ann", "pool a_b", store.Done), row(1, "ann", "pool A%b", store.Refused), row(1, "bob", "zone x", store.Failed), row(2, "bob", "pool acb", store.Done)}
		if err := s.AddAudit(t.Context(), rows...); err != nil {
			t.Fatal(err)
		}
		if err := s.AddAudit(t.Context(), rows[0]); err != nil { // written again after a broken connection
			t.Fatal(err)
		}
		c := put(mustHead(t, s), address("hz-1", "203.0.113.10"))
		c.Audit = &store.Audit{Request: "r9", Who: "ann", Outcome: store.Done}
		rev := mustCommit(t, s, c)
		for _, q := range []struct {
			name string
			f    store.AuditFilter
			want []string // request ids
		}{
			{"all, newest first", store.AuditFilter{}, []string{"r2-bob", "r1-bob", "r1-ann", "r9", "r0-ann"}},
			{"by name", store.AuditFilter{Who: "bob"}, []string{"r2-bob", "r1-bob"}},
			{"by id", store.AuditFilter{Who: "token-ann"}, []string{"r1-ann", "r0-ann"}},
			{"by part of the object, in any case, taken as it stands", store.AuditFilter{Object: "a_B"}, []string{"r0-ann"}},
			{"by outcome", store.AuditFilter{Outcome: store.Refused}, []string{"r1-ann"}},
			{"by address", store.AuditFilter{Remote: "192.0.2.2"}, nil},
			{"by time", store.AuditFilter{From: noon.Add(time.Second), Until: noon.Add(2 * time.Second)}, []string{"r1-bob", "r1-ann"}},
		} {
			// One by one, by the cursor, so that rows of one moment are neither lost nor told twice.
			var got []string
			for f := q.f; ; {
				f.Limit = 1
				list, err := s.Audit(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				if len(list) == 0 {
					break
				}
				got, f.Cursor = append(got, list[0].Request), list[0].Cursor()
				if list[0].Request == "r9" && (list[0].Revision != rev.Position.Revision || !list[0].At.Equal(noon) || list[0].Count != 1) {
					t.Errorf("row of a commit: %+v", list[0])
				}
			}
			if !slices.Equal(got, q.want) {
				t.Errorf("%s: %v, want %v", q.name, got, q.want)
			}
		}
		c = put(mustHead(t, s), address("hz-2", "203.0.113.11"))
		c.Expected.Revision = 7
		c.Audit = &store.Audit{Request: "r10"}
		if _, err := s.Commit(t.Context(), c); err == nil {
			t.Error("committed on a head that is not")
		}
		if list, err := s.Audit(t.Context(), store.AuditFilter{Limit: 10}); err != nil || len(list) != 5 {
			t.Errorf("a commit that failed left a row: %v %v", list, err)
		}
		if _, err := s.Audit(t.Context(), store.AuditFilter{Cursor: "x", Limit: 1}); err == nil {
			t.Error("a cursor that is none")
		}
		if err := s.DropAuditTo(t.Context(), 2, 100); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Audit(t.Context(), store.AuditFilter{Limit: 10}); err != nil || len(list) != 2 && len(list) != 1 || list[0].Request != "r2-bob" {
			t.Errorf("left: %v %v", list, err)
		}
	})
}

// TestStrangersPushNobodyOutOfTheAudit: what people did stays, however often somebody
// without a credential asks.
func TestStrangersPushNobodyOutOfTheAudit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		rows := []store.Audit{{At: noon, Request: "deed", Principal: "user-1", Who: "ann", Outcome: store.Done, Count: 1}}
		for i := range 50 {
			rows = append(rows, store.Audit{At: noon.Add(time.Duration(i+1) * time.Second), Request: fmt.Sprint("r", i), Outcome: store.Refused, Count: 1})
		}
		if err := s.AddAudit(t.Context(), rows...); err != nil {
			t.Fatal(err)
		}
		if err := s.DropAuditTo(t.Context(), 20, 10); err != nil {
			t.Fatal(err)
		}
		list, err := s.Audit(t.Context(), store.AuditFilter{Limit: 100})
		if err != nil || len(list) != 11 || list[0].Request != "r49" || list[10].Request != "deed" {
			t.Errorf("%v, %d rows: %+v", err, len(list), list)
		}
	})
}
