package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

const (
	// logEvery is how often the workers' rings are emptied into the file; logRoom is each
	// worker's ring: some thousand records, so 10,000 a second and worker.
	logEvery = 100 * time.Millisecond
	logRoom  = 256 << 10

	defaultLogSize = 100 << 20
	defaultLogKeep = 5
	leastLogSize   = 64 << 10
)

// queryFile writes sampled queries as JSON lines. When the file is full it becomes
// FILE.1, that one FILE.2, and so on; the last is given up. What cannot be written is
// dropped, counted and alarmed: a full disk does not touch answers.
type queryFile struct {
	opt   QueryLog
	node  string
	tap   func() (tap *resolve.Tap, end func())
	alarm func(text string) // "" for none

	f    *os.File
	w    *bufio.Writer
	size int64

	written, dropped atomic.Uint64
}

func (n *node) newQueryFile() *queryFile {
	o := n.o.QueryLog
	return &queryFile{opt: o, node: n.o.ID, alarm: func(text string) { n.alarm("query log", text) },
		tap: func() (*resolve.Tap, func()) {
			t := n.state.Tap(resolve.TapOptions{Rcode: -1, Every: o.Every, Room: logRoom})
			return t, func() { n.state.Untap(t) }
		}}
}

// run writes until ctx ends, and then what is left.
func (q *queryFile) run(ctx context.Context) error {
	tap, end := q.tap()
	defer end()
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			q.drain(tap)
			q.close()
			return nil
		case <-tick.C:
			q.drain(tap)
		}
	}
}

func (q *queryFile) drain(tap *resolve.Tap) {
	var failed error
	lost := tap.Drain(func(s *resolve.Sighting) {
		r := record(s, q.opt.Whole)
		r.Node = q.node
		b, err := json.Marshal(&r)
		if err == nil && failed == nil {
			failed = q.write(append(b, '\n'))
		}
		if failed != nil || err != nil {
			q.dropped.Add(1)
			return
		}
		q.written.Add(1)
	})
	q.dropped.Add(lost)
	if failed == nil && q.w != nil {
		failed = q.w.Flush()
	}
	if failed != nil {
		q.alarm(fmt.Sprintf("queries are not logged: %v", failed))
		q.close() // opened again at the next one
		return
	}
	if q.w != nil {
		q.alarm("")
	}
}

func (q *queryFile) write(line []byte) error {
	if q.f == nil {
		if err := q.open(); err != nil {
			return err
		}
	}
	if q.size > 0 && q.size+int64(len(line)) > q.opt.Size {
		if err := q.rotate(); err != nil {
			return err
		}
	}
	q.size += int64(len(line))
	_, err := q.w.Write(line)
	return err
}

func (q *queryFile) open() error {
	// 0600: who asks for what is nobody else's affair.
	f, err := os.OpenFile(q.opt.File, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	q.f, q.w, q.size = f, bufio.NewWriterSize(f, 64<<10), info.Size()
	return nil
}

// rotate begins a new file.
func (q *queryFile) rotate() error {
	if err := q.w.Flush(); err != nil {
		return err
	}
	q.f.Close() // written and flushed; a lost close loses nothing
	q.f = nil
	for i := q.opt.Keep; i > 0; i-- {
		from := q.opt.File
		if i > 1 {
			from += "." + strconv.Itoa(i-1)
		}
		if err := os.Rename(from, q.opt.File+"."+strconv.Itoa(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return q.open()
}

func (q *queryFile) close() {
	if q.f == nil {
		return
	}
	_ = q.w.Flush() // what is wrong with the disk was said before
	q.f.Close()
	q.f, q.w = nil, nil
}

// complete fills in defaults and says what is wrong with the settings.
func (o *QueryLog) complete() error {
	if o.File == "" {
		if o.Every != 0 || o.Size != 0 || o.Keep != 0 || o.Whole {
			return errors.New("querylog.sample, size, keep and clients are for the file; give --querylog-file too, or leave them out")
		}
		return nil
	}
	if o.Every == 0 {
		o.Every = 1
	}
	if o.Every > querylog.MostEvery {
		return fmt.Errorf("--querylog-sample: one in 1 to %d", querylog.MostEvery)
	}
	if o.Size == 0 {
		o.Size = defaultLogSize
	}
	if o.Size < leastLogSize {
		return errors.New("--querylog-size: at least 64KB")
	}
	if o.Keep == 0 {
		o.Keep = defaultLogKeep
	}
	return nil
}
