package store_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

const childEnv = "MERIDIAN_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childEnv); dsn != "" {
		commitForEver(dsn)
	}
	code := storetest.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func address(name, ip string) *traffic.Address {
	a := traffic.New(traffic.KindAddress).(*traffic.Address)
	a.Name, a.Address = name, ip
	a.Normalize()
	return a
}

// put makes a commit on a head of objects that are new or replace old.
func put(head traffic.Position, objects ...traffic.Object) store.Commit {
	c := store.Commit{Expected: head, At: noon, Author: "ann", Source: "api", Comment: "why", Principal: "token-1", Remote: "192.0.2.7", Metas: map[traffic.Key]store.Meta{}}
	for _, o := range objects {
		c.Changes = append(c.Changes, traffic.Change{Key: o.Key(), After: o})
		c.Metas[o.Key()] = store.Meta{ID: store.NewID(string(o.Key().Kind)), CreatedAt: noon}
	}
	return c
}

func mustCommit(t *testing.T, s *store.Store, c store.Commit) store.Revision {
	t.Helper()
	r, err := s.Commit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustHead(t *testing.T, s *store.Store) traffic.Position {
	t.Helper()
	p, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCommitIsThereAfterReopening(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		begin := mustHead(t, s)
		if begin.Epoch == 0 || begin.Revision != 0 {
			t.Fatalf("a new store stands at %v", begin)
		}
		one := put(begin, address("hz-1", "203.0.113.10"), address("hz-2", "203.0.113.11"))
		r1 := mustCommit(t, s, one)
		two := put(r1.Position, address("hz-1", "203.0.113.12"))
		two.Changes[0].Before = address("hz-1", "203.0.113.10")
		two.Changes = append(two.Changes, traffic.Change{Key: address("hz-2", "").Key(), Before: address("hz-2", "203.0.113.11")})
		r2 := mustCommit(t, s, two)
		s.Close()

		s = open()
		pos, rows, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pos != r2.Position || pos != begin.Next(r1.Changes).Next(r2.Changes) {
			t.Errorf("head %v, want %v", pos, r2.Position)
		}
		if len(rows) != 1 || rows[0].Key.Name != "hz-1" || !bytes.Contains(rows[0].Body, []byte("203.0.113.12")) {
			t.Fatalf("objects after two revisions: %+v", rows)
		}
		m := rows[0].Meta
		if m.Revision != 2 || m.ID != one.Metas[address("hz-1", "").Key()].ID || !m.CreatedAt.Equal(noon) {
			t.Errorf("an update keeps id and creation and moves the version: %+v", m)
		}
		got, err := s.Revision(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if got.Author != "ann" || got.Source != "api" || got.Comment != "why" || got.Principal != "token-1" || got.Remote != "192.0.2.7" || !got.At.Equal(noon) {
			t.Errorf("revision 2 is %+v", got)
		}
		var before []json.RawMessage
		if err := json.Unmarshal(got.Before, &before); err != nil || len(before) != 2 || !bytes.Contains(before[0], []byte("203.0.113.10")) {
			t.Errorf("before: %s %v", got.Before, err)
		}
		if list, err := s.Revisions(t.Context(), 0, 10); err != nil || len(list) != 2 || list[0].Position != r1.Position || !bytes.Equal(list[1].Changes, r2.Changes) {
			t.Errorf("log: %v %v", list, err)
		}
		if list, err := s.ListRevisions(t.Context(), store.RevisionFilter{Before: 2, Limit: 10}); err != nil || len(list) != 1 || list[0].Position.Revision != 1 {
			t.Errorf("list before 2: %v %v", list, err)
		}
		if _, err := s.Revision(t.Context(), 3); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revision 3: %v", err)
		}
		a, errA := s.Signing(t.Context())
		b, errB := open().Signing(t.Context())
		if errA != nil || errB != nil || len(a.Seed) != 32 || !bytes.Equal(a.Seed, b.Seed) {
			t.Errorf("all processes have one signing key: %v %v", errA, errB)
		}
	})
}

func TestCommitOnAnOldHeadIsRefusedAndChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		begin := mustHead(t, s)
		r1 := mustCommit(t, s, put(begin, address("a", "192.0.2.1")))
		if _, err := open().Commit(t.Context(), put(begin, address("b", "192.0.2.2"))); !errors.Is(err, store.ErrMoved) {
			t.Fatalf("a commit planned before another: %v", err)
		}
		if h := mustHead(t, s); h != r1.Position {
			t.Errorf("head %v, want %v", h, r1.Position)
		}
	})
}

func TestFailureInsideACommitLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		begin := mustHead(t, s)
		c := put(begin, address("a", "192.0.2.1"), address("b", "192.0.2.2"))
		same := c.Metas[address("a", "").Key()]
		c.Metas[address("b", "").Key()] = same // two objects with one id break the table's rule
		if _, err := s.Commit(t.Context(), c); err == nil {
			t.Fatal("two objects got one id")
		}
		pos, rows, err := s.Load(t.Context())
		if err != nil || pos != begin || len(rows) != 0 {
			t.Errorf("after a failed commit: %v %v %v", pos, rows, err)
		}
		if list, err := s.Revisions(t.Context(), 0, 10); err != nil || len(list) != 0 {
			t.Errorf("after a failed commit the log has %v %v", list, err)
		}
	})
}

// TestAnOlderLogIsIndexedAtOpen: what came before the index of objects is found too,
// compacted or not.
func TestAnOlderLogIsIndexedAtOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		at := mustHead(t, s)
		for i := range 120 { // more than one step
			at = mustCommit(t, s, put(at, address(fmt.Sprint("a-", i%2), fmt.Sprintf("192.0.2.%d", i)))).Position
		}
		if _, err := s.Compact(t.Context(), 60, time.Now().Add(time.Hour), 1000); err != nil {
			t.Fatal(err)
		}
		of := store.RevisionFilter{Object: address("a-1", "").Key(), Limit: 1000}
		count := func(s *store.Store) int {
			list, err := s.ListRevisions(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		store.Unindex(t, s)
		if n := count(s); n != 0 {
			t.Fatalf("%d found without the index", n)
		}
		again := open()
		if n := count(again); n != 60 {
			t.Errorf("%d found, want 60", n)
		}
		list, err := again.ListRevisions(t.Context(), of)
		if err != nil || list[0].Object != "address/a-1" || list[0].Objects != 1 || list[59].Object != "address/a-1" {
			t.Errorf("%+v, %v", list[0], err)
		}
	})
}

func TestSinceBringsAModelToTheHead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		begin := mustHead(t, s)
		r1 := mustCommit(t, s, put(begin, address("a", "192.0.2.1")))
		r2 := mustCommit(t, s, put(r1.Position, address("b", "192.0.2.2")))
		d, ok, err := s.Since(t.Context(), r1.Position)
		if err != nil || !ok || d.Head != r2.Position || len(d.Revisions) != 1 || len(d.Rows) != 1 || d.Rows[0].Key.Name != "b" {
			t.Errorf("since revision 1: %+v %v %v", d, ok, err)
		}
		if d, ok, err := s.Since(t.Context(), r2.Position); err != nil || !ok || len(d.Revisions) != 0 {
			t.Errorf("since the head: %+v %v %v", d, ok, err)
		}
		other := r1.Position
		other.Chain[0] ^= 1
		if _, ok, err := s.Since(t.Context(), other); err != nil || ok {
			t.Errorf("since a position of another history: %v %v", ok, err)
		}
		other = r1.Position
		other.Epoch--
		if _, ok, err := s.Since(t.Context(), other); err != nil || ok {
			t.Errorf("since another epoch: %v %v", ok, err)
		}
	})
}

func TestWritersTakeTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		const writers, each = 8, 10
		stores := []*store.Store{open(), open()} // two processes
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				s := stores[w%2]
				for i := 0; i < each; {
					head, err := s.Head(t.Context())
					if err == nil {
						_, err = s.Commit(t.Context(), put(head, address(fmt.Sprintf("a-%d-%d", w, i), "192.0.2.1")))
					}
					switch {
					case err == nil:
						i++
					case !errors.Is(err, store.ErrMoved):
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		checkWhole(t, stores[0])
		if h := mustHead(t, stores[1]); h.Revision != writers*each {
			t.Errorf("%d revisions for %d acknowledged commits", h.Revision, writers*each)
		}
	})
}

// checkWhole replays the log: the chain holds and the objects are what it says.
func checkWhole(t *testing.T, s *store.Store) {
	t.Helper()
	pos, rows, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Revisions(t.Context(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	m, at := traffic.NewModel(), traffic.Position{Epoch: pos.Epoch}
	for _, r := range log {
		if at = at.Next(r.Changes); at != r.Position {
			t.Fatalf("the chain breaks at %v", r.Position)
		}
		changes, err := traffic.DecodeChanges(r.Changes)
		if err != nil {
			t.Fatal(err)
		}
		m.Apply(changes)
	}
	if at != pos {
		t.Errorf("the log ends at %v, the head is %v", at, pos)
	}
	var want, got []string
	for _, k := range traffic.Kinds {
		m.Each(k, func(o traffic.Object) bool {
			if k != traffic.KindSettings {
				want = append(want, string(traffic.Encode(o)))
			}
			return true
		})
	}
	for _, r := range rows {
		got = append(got, string(r.Body))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("objects are not what the log leads to:\n%v\n%v", got, want)
	}
}

func TestKilledProcessLosesNoAcknowledgedCommit(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "meridian.db")
	acked := uint64(0)
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), childEnv+"="+dsn)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		killed := false
		for n := 0; lines.Scan(); n++ {
			if acked, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatalf("round %d: child says %q", round, lines.Text())
			}
			if n == 15+7*round {
				cmd.Process.Kill() // -9; what the pipe still holds was acknowledged too
				killed = true
			}
		}
		if err := cmd.Wait(); err == nil || !killed {
			t.Fatalf("the child ended by itself: %v", err)
		}
		s, err := store.Open(t.Context(), dsn)
		if err != nil {
			t.Fatalf("open after kill: %v", err)
		}
		if h := mustHead(t, s); h.Revision < acked {
			t.Errorf("round %d: acknowledged %d, found %d", round, acked, h.Revision)
		}
		checkWhole(t, s)
		s.Close()
	}
}

// commitForEver is the child: it says each number once its commit is acknowledged.
func commitForEver(dsn string) {
	ctx := context.Background()
	s, err := store.Open(ctx, dsn)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		head, err := s.Head(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		var objects []traffic.Object
		for i := range 40 { // many rows, so that a kill falls into the middle
			objects = append(objects, address(fmt.Sprintf("a-%d-%d", head.Revision%3, i), fmt.Sprintf("192.0.2.%d", head.Revision%200+1)))
		}
		c := put(head, objects...)
		old, _, err := s.Since(ctx, traffic.Position{})
		if err == nil && old.Head == head {
			_, rows, lerr := s.Load(ctx)
			err = lerr
			for _, r := range rows {
				if _, known := c.Metas[r.Key]; known {
					c.Metas[r.Key] = r.Meta
				}
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		r, err := s.Commit(ctx, c)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(r.Position.Revision)
	}
}

func TestFullDiskAppliesNothingAndRecovers(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	begin := mustHead(t, s)
	r1 := mustCommit(t, s, put(begin, address("a", "192.0.2.1")))
	limit := store.LimitPages(t, s, 0) // as if the disk ended here
	big := put(r1.Position)
	for i := range 2000 {
		o := address(fmt.Sprintf("b-%d", i), "192.0.2.2")
		o.Remark = strings.Repeat("x", 500)
		big.Changes = append(big.Changes, traffic.Change{Key: o.Key(), After: o})
		big.Metas[o.Key()] = store.Meta{ID: store.NewID("address"), CreatedAt: noon}
	}
	_, err := s.Commit(t.Context(), big)
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "disk is full") {
		t.Fatalf("commit on a full disk: %v", err)
	}
	checkWhole(t, s)
	if h := mustHead(t, s); h != r1.Position {
		t.Errorf("head moved to %v", h)
	}
	store.LimitPages(t, s, limit)
	mustCommit(t, s, big)
	checkWhole(t, s)
}

func TestSetsRememberWhatWasLastApplied(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		a, b := address("a", "192.0.2.1"), address("b", "192.0.2.2")
		c := put(mustHead(t, s), a, b)
		for k, m := range c.Metas {
			m.Set = "team"
			c.Metas[k] = m
		}
		mustCommit(t, s, c)
		if err := s.MarkSet(t.Context(), "other", []traffic.Key{b.Key()}); err != nil {
			t.Fatal(err)
		}
		for set, want := range map[string]traffic.Key{"team": a.Key(), "other": b.Key()} {
			if got, err := s.InSet(t.Context(), set); err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("set %s holds %v %v, want %v", set, got, err, want)
			}
		}
	})
}

func TestTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, ctx := open(), t.Context()
		h := sha256.Sum256([]byte("secret"))
		tok := store.Token{ID: "token-1", Name: "ci", Hash: h[:], Role: "operator", CreatedBy: "ann", CreatedAt: noon}
		if err := s.AddToken(ctx, tok); err != nil {
			t.Fatal(err)
		}
		again := tok
		again.ID, again.Hash = "token-2", []byte("other")
		if err := s.AddToken(ctx, again); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second token of one name: %v", err)
		}
		if err := s.TouchToken(ctx, tok.ID, noon.Add(time.Hour)); err != nil {
			t.Error(err)
		}
		got, err := s.TokenByHash(ctx, h[:])
		if err != nil || got.Name != "ci" || !got.ExpiresAt.IsZero() || !got.UsedAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("by hash: %+v %v", got, err)
		}
		if n, err := s.CountTokens(ctx); n != 1 || err != nil {
			t.Errorf("count %d %v", n, err)
		}
		if gone, err := s.DeleteToken(ctx, nil, "ci"); err != nil || gone.ID != "token-1" {
			t.Errorf("delete by name: %+v %v", gone, err)
		}
		if _, err := s.TokenByHash(ctx, h[:]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after delete: %v", err)
		}
		if _, err := s.DeleteToken(ctx, nil, "ci"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
	})
}

func TestCurrentMembersOnlyMoveForward(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, ctx := open(), t.Context()
		scope := traffic.Key{Kind: traffic.KindPool, Name: "hangzhou"}
		for _, c := range []traffic.Current{{Member: "b", Epoch: 2}, {Member: "a", Epoch: 1}, {Member: "c", Epoch: 2}, {Member: "a", Epoch: 2}} {
			c.Scope = scope
			if err := s.SaveCurrent(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.LoadCurrents(ctx)
		want := traffic.Current{Scope: scope, Member: "a", Epoch: 2} // epoch 2, the tie by name
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%v %v, want %v", got, err, want)
		}
	})
}

func TestRepliesAreKeptWithTheirCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, ctx := open(), t.Context()
		c := put(mustHead(t, s), address("a", "192.0.2.1"))
		c.Reply = &store.Reply{Principal: "p", Key: "k", Request: []byte{1}, Body: []byte("first")}
		r := mustCommit(t, s, c)
		c2 := put(r.Position, address("b", "192.0.2.2"))
		c2.Reply = &store.Reply{Principal: "p", Key: "k", Request: []byte{1}, Body: []byte("second")}
		if _, err := s.Commit(ctx, c2); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second commit under one key: %v", err)
		}
		if h := mustHead(t, s); h != r.Position {
			t.Errorf("it moved the head to %v", h)
		}
		if got, err := s.FindReply(ctx, "p", "k"); err != nil || string(got.Body) != "first" {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := s.FindReply(ctx, "q", "k"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another principal's key: %v", err)
		}
		if err := s.DropReplies(ctx, noon.Add(time.Second)); err != nil {
			t.Error(err)
		}
		if _, err := s.FindReply(ctx, "p", "k"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, dsn, want string }{
		{"an unknown scheme", "mysql://x:secret@y", "sqlite: or postgres://"},
		{"no path", "sqlite:", "path of a file"},
		{"a folder in place of a file", "sqlite:" + t.TempDir(), "is a directory"},
		{"no server", "postgres://u:secret@127.0.0.1:1/db", "127.0.0.1:1"},
	} {
		_, err := store.Open(t.Context(), row.dsn)
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestTheDatabaseFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b%41?.db") // a name that a careless URL would misread
	storetest.Open(t, "sqlite:"+path)
	for _, p := range []string{path, path + "-wal"} {
		st, err := os.Stat(p)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", p, st, err)
		}
	}
}
