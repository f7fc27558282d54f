package follow

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/internal/durable"
	"github.com/meridian-gtm/meridian/traffic"
)

// disk is the folder of a follower:
//
//	snapshot   one signed envelope, replaced by rename
//	log        signed revisions after it, appended: length, CRC-32C, envelope
//	keys.json  trusted signing keys, replaced by rename
//	keys-before.json  those that what is stored may still be signed by, after a rotation
//
// A process that dies anywhere leaves a folder that load can read: a torn end of the
// log is cut, and revisions that the snapshot already holds are passed over. Records
// are not synced one by one: after a power failure the last second may be missing,
// and control has it.
type disk struct {
	dir string

	log     *os.File
	size    int64            // of the log, up to which it is good
	snap    traffic.Position // of the stored snapshot; zero if none
	end     traffic.Position // up to which the disk holds all
	records int
	clean   bool // the log file can be appended to as it is
	dirty   bool // there are writes that were not synced
	synced  time.Time

	// What could not be stored yet, and since when it has not been tried.
	waiting     []*codec.Sealed
	waitingSnap *codec.Sealed
	waitingSize int
	tried       time.Time
}

const (
	recordHead = 8
	// A log longer than this is worth replacing by a newer snapshot when there is one.
	compactRecords = 256
	compactBytes   = 4 << 20
	// maxWaiting is how much of what a full disk did not take is kept in memory, in bytes.
	// Beyond it the node goes on without, and stores the next snapshot.
	maxWaiting = 64 << 20
	retryEvery = 2 * time.Second
	syncEvery  = time.Second
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func openDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	return &disk{dir: dir}, nil
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *disk) snapshotAt() traffic.Position { return d.snap }

func (d *disk) wantsCompaction() bool {
	return d.records >= compactRecords || d.size >= compactBytes
}

// load reads and checks everything. What cannot be trusted is left out, with a
// sentence that says so.
func (d *disk) load(keys *codec.Keys) (snap *codec.Sealed, revs []*codec.Sealed, problems []string) {
	b, err := os.ReadFile(d.path("snapshot"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err == nil {
		snap, err = codec.Open(b, keys)
	}
	if err == nil && snap.Kind != codec.Snapshot {
		err = fmt.Errorf("it holds a %s: %w", snap.Kind, codec.ErrDamaged)
	}
	if err == nil {
		_, err = snap.Content()
	}
	if err != nil {
		return nil, nil, []string{fmt.Sprintf("the stored configuration cannot be used: snapshot: %v", err)}
	}
	d.snap, d.end = snap.Position, snap.Position
	b, err = os.ReadFile(d.path("log"))
	if errors.Is(err, os.ErrNotExist) {
		return snap, nil, nil
	}
	if err != nil {
		return snap, nil, []string{fmt.Sprintf("the stored log cannot be read, using the snapshot %s: %v", snap.Position, err)}
	}
	revs, good, err := readLog(b, snap.Position, keys)
	if err != nil {
		problems = append(problems, fmt.Sprintf("the stored log ends early, after %d revisions: %v", len(revs), err))
	}
	d.records, d.size = len(revs), int64(good)
	d.clean = good == len(b)
	if len(revs) > 0 {
		d.end = revs[len(revs)-1].Position
	}
	return snap, revs, problems
}

// readLog returns the revisions that continue from pos, and how many bytes are good.
// A record cut short at the very end is what a killed process leaves, and no error.
func readLog(b []byte, pos traffic.Position, keys *codec.Keys) (revs []*codec.Sealed, good int, err error) {
	for good < len(b) {
		rest := b[good:]
		if len(rest) < recordHead {
			return revs, good, nil
		}
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-recordHead {
			return revs, good, nil
		}
		body := rest[recordHead : recordHead+n]
		if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(rest[4:]) {
			return revs, good, fmt.Errorf("record at byte %d: %w", good, codec.ErrDamaged)
		}
		s, err := codec.Open(body, keys)
		if err != nil {
			return revs, good, fmt.Errorf("record at byte %d: %w", good, err)
		}
		known := s.Position.Epoch < pos.Epoch || s.Position.Epoch == pos.Epoch && s.Position.Revision <= pos.Revision
		if !known {
			content, err := s.Content()
			if err != nil {
				return revs, good, err
			}
			if s.Kind != codec.Revision || pos.Next(content) != s.Position {
				return revs, good, fmt.Errorf("%s %s does not follow %s", s.Kind, s.Position, pos)
			}
			revs, pos = append(revs, s), s.Position
		}
		good += recordHead + n
	}
	return revs, good, nil
}

func appendRecord(dst []byte, s *codec.Sealed) []byte {
	body := s.File()
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(body, castagnoli))
	return append(dst, body...)
}

// append stores revisions that follow what is there. On failure they wait in memory
// for retry.
func (d *disk) append(revs []*codec.Sealed) error {
	d.wait(nil, revs)
	return d.write()
}

// replace stores a snapshot in place of all that it covers.
func (d *disk) replace(snap *codec.Sealed) error {
	d.wait(snap, nil)
	return d.write()
}

func (d *disk) wait(snap *codec.Sealed, revs []*codec.Sealed) {
	if snap != nil {
		d.waitingSnap = snap
		keep := d.waiting[:0]
		d.waitingSize = 0
		for _, r := range d.waiting {
			if snap.Position.Before(r.Position) {
				keep = append(keep, r)
				d.waitingSize += r.Size()
			}
		}
		d.waiting = keep
	}
	for _, r := range revs {
		d.waiting = append(d.waiting, r)
		d.waitingSize += r.Size()
	}
	if d.waitingSize > maxWaiting {
		d.waiting, d.waitingSize = nil, 0
	}
}

// retry stores what waits, now and then, and syncs what was written.
func (d *disk) retry() (err error, tried bool) {
	if len(d.waiting) == 0 && d.waitingSnap == nil {
		if d.dirty && time.Since(d.synced) > syncEvery {
			d.dirty, d.synced = false, time.Now()
			if err := d.log.Sync(); err != nil {
				return fmt.Errorf("sync stored log: %w", err), true
			}
		}
		return nil, false
	}
	if time.Since(d.tried) < retryEvery {
		return nil, false
	}
	return d.write(), true
}

// write stores all that waits.
func (d *disk) write() error {
	d.tried = time.Now()
	if d.waitingSnap != nil {
		if err := d.writeSnapshot(); err != nil {
			return err
		}
	}
	if len(d.waiting) == 0 {
		return nil
	}
	if first := d.waiting[0].Position; first.Epoch != d.end.Epoch || first.Revision != d.end.Revision+1 {
		// Revisions between were given up; a snapshot will close the gap.
		return fmt.Errorf("revisions after %s were not stored while the disk was full", d.end)
	}
	if err := d.openLog(); err != nil {
		return err
	}
	var buf []byte
	for _, r := range d.waiting {
		buf = appendRecord(buf, r)
	}
	// One write for all, so that a process beside this one never reads half a record.
	if _, err := d.log.WriteAt(buf, d.size); err != nil {
		d.clean = false // what lies behind size may be half a record
		d.log.Close()
		d.log = nil
		return fmt.Errorf("append to stored log: %w", err)
	}
	d.size += int64(len(buf))
	d.records += len(d.waiting)
	d.end = d.waiting[len(d.waiting)-1].Position
	d.waiting, d.waitingSize, d.dirty = nil, 0, true
	return nil
}

// openLog opens the log for appending and cuts a torn end.
func (d *disk) openLog() error {
	if d.log == nil {
		f, err := os.OpenFile(d.path("log"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("open stored log: %w", err)
		}
		d.log = f
		d.clean = false
	}
	if !d.clean {
		if err := d.log.Truncate(d.size); err != nil {
			return fmt.Errorf("cut stored log: %w", err)
		}
		d.clean = true
	}
	return nil
}

// writeSnapshot puts the waiting snapshot in place and cuts the log to what follows
// it. Dying between the two renames leaves a log whose beginning load passes over.
func (d *disk) writeSnapshot() error {
	snap := d.waitingSnap
	var tail []byte
	records := 0
	if d.snap != (traffic.Position{}) && snap.Position.Before(d.end) && d.snap.Epoch == snap.Position.Epoch {
		// Compaction: keep the records behind the snapshot.
		b, err := os.ReadFile(d.path("log"))
		if err != nil {
			return fmt.Errorf("read stored log: %w", err)
		}
		tail, records = recordsAfter(b[:min(int64(len(b)), d.size)], snap.Position)
	}
	if err := durable.Replace(d.path("snapshot"), snap.File()); err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	d.waitingSnap, d.snap = nil, snap.Position
	if tail == nil {
		d.end = snap.Position
	}
	if d.log != nil {
		d.log.Close()
		d.log = nil
	}
	d.dirty = false
	if err := durable.Replace(d.path("log"), tail); err != nil {
		// The old log stays: load passes over what the snapshot holds, and goes on behind
		// it if there is more. Nothing may be appended until it is replaced.
		d.waitingSnap = snap
		return fmt.Errorf("store log: %w", err)
	}
	d.size, d.records = int64(len(tail)), records
	return nil
}

// recordsAfter returns the bytes of a good log from the first record behind pos on.
func recordsAfter(b []byte, pos traffic.Position) (tail []byte, records int) {
	for at := 0; at+recordHead <= len(b); {
		n := recordHead + int(binary.BigEndian.Uint32(b[at:]))
		if at+n > len(b) {
			break
		}
		if p, err := codec.PositionOf(b[at+recordHead : at+n]); err == nil && pos.Before(p) {
			tail = append(tail, b[at:at+n]...)
			records++
		}
		at += n
	}
	return tail, records
}

func (d *disk) close() {
	if d.log == nil {
		return
	}
	// What is lost here is lost like after a power failure: control has it.
	_ = d.log.Sync()
	_ = d.log.Close()
	d.log = nil
}

func (d *disk) loadKeys() (*codec.Keys, error)    { return d.readKeys("keys.json") }
func (d *disk) loadOldKeys() (*codec.Keys, error) { return d.readKeys("keys-before.json") }

// readKeys returns nil when there is no such file.
func (d *disk) readKeys(name string) (*codec.Keys, error) {
	b, err := os.ReadFile(d.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k := codec.NewKeys()
	if err := json.Unmarshal(b, k); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return k, nil
}

func (d *disk) saveKeys(k *codec.Keys) error { return d.writeKeys("keys.json", k) }

// saveOldKeys adds keys that what is stored may be signed by.
func (d *disk) saveOldKeys(list []ed25519.PublicKey) error {
	if old, err := d.loadOldKeys(); err == nil && old != nil {
		list = append(old.List(), list...)
	}
	return d.writeKeys("keys-before.json", codec.NewKeys(list...))
}

func (d *disk) dropOldKeys() error {
	if err := os.Remove(d.path("keys-before.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget old signing keys: %w", err)
	}
	return nil
}

func (d *disk) writeKeys(name string, k *codec.Keys) error {
	b, err := json.Marshal(k)
	if err == nil {
		err = durable.Replace(d.path(name), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("store signing keys: %w", err)
	}
	return nil
}
