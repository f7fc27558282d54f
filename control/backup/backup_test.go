package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/meridian-gtm/meridian/traffic"
)

var header = Header{Format: format, Release: "1.2", Schema: 40, Made: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Installation: 5,
	Position: traffic.Position{Epoch: 7, Revision: 9}}

type entry struct {
	Table Table
	Rows  []Row
}

var sample = []entry{
	{Table{"object", []string{"kind", "body", "n"}}, []Row{
		{"pool", []byte{0, 1, 0xff}, int64(-1)},
		{"<ä\n\"", []byte{}, int64(1) << 60},
		{"", nil, nil},
	}},
	{Table{"empty", []string{"a"}}, nil},
	{Table{"last", []string{"a"}}, []Row{{"x"}}},
}

func write(t testing.TB, h Header, list []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if err := w.Table(e.Table); err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Rows {
			if err := w.Row(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns what a backup holds, without tables that have no rows.
func read(b []byte) (h Header, list []entry, err error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return h, nil, err
	}
	return readAll(r)
}

func readAll(r *Reader) (h Header, list []entry, err error) {
	defer r.Close()
	for {
		t, row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Header, list, nil
		}
		if err != nil {
			return h, nil, err
		}
		if len(list) == 0 || list[len(list)-1].Table.Name != t.Name {
			list = append(list, entry{Table: *t})
		}
		last := &list[len(list)-1]
		last.Rows = append(last.Rows, row)
	}
}

func unpack(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pack(t testing.TB, lines []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(lines, nil)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	b := write(t, header, sample)
	h, list, err := read(b)
	if err != nil || h != header || !reflect.DeepEqual(list, []entry{sample[0], sample[2]}) {
		t.Errorf("%+v %+v %v", h, list, err)
	}
	for _, bad := range []any{3, 1.5, true, "\xff"} {
		w, err := NewWriter(io.Discard, header)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Row(Row{bad}); err == nil {
			t.Errorf("%v has no form and is written", bad)
		}
	}
}

// TestDamage: whatever is cut off, turned or added, a reader never comes to the end.
func TestDamage(t *testing.T) {
	t.Parallel()
	b := write(t, header, sample)
	for i := range len(b) {
		if _, _, err := read(b[:i]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: %v", i, len(b), err)
		}
		turned := bytes.Clone(b)
		turned[i] ^= 0x10
		h, list, err := read(turned)
		if err == nil && (h != header || !reflect.DeepEqual(list, []entry{sample[0], sample[2]})) {
			t.Fatalf("byte %d turned gives %+v %+v", i, h, list)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d turned: %v", i, err)
		}
	}
	lines := strings.SplitAfter(string(unpack(t, b)), "\n")
	join := func(l ...string) []byte { return pack(t, []byte(strings.Join(l, ""))) }
	all := func(f func([]string) []string) []byte {
		return join(f(append([]string(nil), lines[:len(lines)-1]...))...)
	}
	for says, bad := range map[string][]byte{
		"nothing":                  nil,
		"not zstd":                 []byte("hello"),
		"other content":            pack(t, []byte("hello\n")),
		"a line less":              all(func(l []string) []string { return append(l[:2], l[3:]...) }),
		"a line twice":             all(func(l []string) []string { return append(l[:3], l[2:]...) }),
		"another value":            all(func(l []string) []string { l[2] = strings.Replace(l[2], "pool", "poll", 1); return l }),
		"lines in other order":     all(func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }),
		"another header":           all(func(l []string) []string { l[0] = strings.Replace(l[0], `"revision":9`, `"revision":8`, 1); return l }),
		"more behind the end":      all(func(l []string) []string { return append(l, "[1]\n") }),
		"no end":                   all(func(l []string) []string { return l[:len(l)-1] }),
		"an empty line at the end": all(func(l []string) []string { l[len(l)-1] = "\n"; return l }),
		"an empty line within":     all(func(l []string) []string { l[2] = "\n" + l[2]; return l }),
		"a row before a table":     join(lines[0], lines[2]),
		"spaces":                   all(func(l []string) []string { l[2] = "[ " + l[2][1:]; return l }),
		"two frames":               append(bytes.Clone(b), b...),
		"bytes behind":             append(bytes.Clone(b), 0),
		"too few values":           all(func(l []string) []string { l[2] = "[1]\n"; return l }),
		"a table with no name":     join(lines[0], `{"table":5}`+"\n"),
		"a column that is twice":   join(lines[0], `{"table":"x","columns":["a","a"]}`+"\n"),
	} {
		if _, _, err := read(bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", says, err)
		}
	}
	newer := all(func(l []string) []string {
		l[0] = strings.Replace(l[0], `"meridian_backup":1`, `"new":true,"meridian_backup":2`, 1)
		return l
	})
	if _, _, err := read(newer); !errors.Is(err, ErrNewer) {
		t.Errorf("a later format: %v", err)
	}
}

// plain keeps what a Writer writes as it is: a fuzzer has no time for compression.
type plain struct{ bytes.Buffer }

func (*plain) Close() error { return nil }

// FuzzRead: what is read to its end is written again as the same lines; all else is
// refused as damaged or newer.
func FuzzRead(f *testing.F) {
	f.Add(unpack(f, write(f, header, sample)))
	f.Add(unpack(f, write(f, Header{}, nil)))
	f.Add([]byte(`{"meridian_backup":2}` + "\n"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		r := &Reader{in: bufio.NewReaderSize(bytes.NewReader(lines), 64), sum: sha256.New()}
		err := r.begins()
		var h Header
		var list []entry
		if err == nil {
			h, list, err = readAll(r)
		}
		switch {
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer):
			return
		case err != nil:
			t.Fatal(err)
		}
		if bytes.Count(lines, []byte(`"table"`)) > len(list) {
			return // tables without rows are passed over
		}
		out := &plain{}
		w := &Writer{out: out, sum: sha256.New()}
		err = w.line(h)
		for _, e := range list {
			err = errors.Join(err, w.Table(e.Table))
			for _, r := range e.Rows {
				err = errors.Join(err, w.Row(r))
			}
		}
		if err = errors.Join(err, w.Close()); err != nil || !bytes.Equal(out.Bytes(), lines) {
			t.Fatalf("read\n%q\nwritten\n%q (%v)", lines, out, err)
		}
	})
}

// FuzzFile: no file makes the reader fail otherwise, or end without its sum.
func FuzzFile(f *testing.F) {
	f.Add(write(f, header, sample))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := read(b); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
			t.Fatal(err)
		}
	})
}
