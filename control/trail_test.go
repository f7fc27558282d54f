package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// TestNobodyFillsTheAudit asks a thousand times from one address and as one principal,
// and from thousands of addresses: the rows stay few, and their counts add up.
func TestNobodyFillsTheAudit(t *testing.T) {
	t.Parallel()
	st, now := storetest.SQLite(t), noon
	s, err := control.New(t.Context(), control.Options{Store: st, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	asked, n := 0, 0
	ask := func(row control.Audit) {
		t.Helper()
		asked, n = asked+1, n+1
		row.Request, row.Outcome, row.Object = fmt.Sprint("r", n), store.Refused, "x"
		if err := s.Audit(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	held := func() (rows, requests int) {
		t.Helper()
		list, err := s.ListAudit(t.Context(), store.AuditFilter{Limit: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			requests += r.Count
			if r.Count > 1 && r.Object != "" {
				t.Errorf("a row of many names one object: %+v", r)
			}
		}
		return len(list), requests
	}
	for range 1000 {
		ask(control.Audit{Remote: "192.0.2.1"})
	}
	if rows, _ := held(); rows != 5 {
		t.Errorf("%d rows of a stranger", rows)
	}
	for range 700 {
		ask(control.Audit{Remote: "192.0.2.1", Principal: "token-1", Who: "ci"})
	}
	if rows, _ := held(); rows != 605 {
		t.Errorf("%d rows with a principal's", rows)
	}
	for i := range 3000 { // one source, whatever address of its network it takes
		ask(control.Audit{Remote: fmt.Sprint("2001:db8::", i)})
	}
	if rows, _ := held(); rows != 610 {
		t.Errorf("%d rows with a network's", rows)
	}
	for i := range 3000 { // the table of askers is bounded: those beyond share a count
		ask(control.Audit{Remote: fmt.Sprintf("2001:db8:0:%x::1", i)})
	}
	now = now.Add(time.Minute)
	ask(control.Audit{Remote: "192.0.2.1"}) // begins the next minute and writes down the last
	rows, requests := held()
	if requests != asked {
		t.Errorf("rows stand for %d requests of %d", requests, asked)
	}
	if rows > 605+5*100+100+5 {
		t.Errorf("%d rows", rows)
	}

	// What is only counted costs the database nothing.
	for range 10 {
		ask(control.Audit{Remote: "192.0.2.1"})
	}
	st.Close()
	ask(control.Audit{Remote: "192.0.2.1"})
}
