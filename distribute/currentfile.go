package distribute

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"

	"github.com/meridian-gtm/meridian/distribute/internal/durable"
	"github.com/meridian-gtm/meridian/traffic"
)

// currentFile keeps current members on a node's disk: one line for each move, its
// CRC-32C before it; of several lines about one scope the newest counts. A line that
// a crash has cut is passed over, and the file is written anew when most of its lines
// are old.
type currentFile struct {
	path  string
	lines int
	whole bool // it ends with a line's end, so it can be appended to
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendCurrentLine(dst []byte, c traffic.Current) []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("encode current member: %v", err)) // plain data always encodes
	}
	dst = fmt.Appendf(dst, "%08x ", crc32.Checksum(b, castagnoli))
	return append(append(dst, b...), '\n')
}

// readCurrentLines returns the good lines of a file, and how many were bad.
func readCurrentLines(b []byte) (list []traffic.Current, bad int) {
	for line := range bytes.Lines(b) {
		sum, body, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		want, err := strconv.ParseUint(string(sum), 16, 32)
		var c traffic.Current
		if !ok || err != nil || uint32(want) != crc32.Checksum(body, castagnoli) || json.Unmarshal(body, &c) != nil || checkCurrent(c) != nil {
			bad++
			continue
		}
		list = append(list, c)
	}
	return list, bad
}

// load reads the file into s. A file with bad lines gives its good ones and an error.
func (f *currentFile) load(s *currents) error {
	b, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read stored current members: %w", err)
	}
	list, bad := readCurrentLines(b)
	s.merge(list)
	f.lines = len(list) + bad
	f.whole = len(b) == 0 || b[len(b)-1] == '\n'
	if !f.whole {
		bad-- // a cut last line is what a killed process leaves
	}
	if bad > 0 {
		f.whole = false // written anew at the next occasion
		return fmt.Errorf("%d of %d stored current members are damaged", bad, f.lines)
	}
	return nil
}

// store appends moves and syncs them, or writes all of s when that is shorter.
func (f *currentFile) store(s *currents, moves []traffic.Current) error {
	if !f.whole || f.lines+len(moves) > 2*len(s.m)+64 {
		var b []byte
		for _, c := range s.list() {
			b = appendCurrentLine(b, c)
		}
		if err := durable.Replace(f.path, b); err != nil {
			return fmt.Errorf("store current members: %w", err)
		}
		f.lines, f.whole = len(s.m), true
		return nil
	}
	var b []byte
	for _, c := range moves {
		b = appendCurrentLine(b, c)
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("store current members: %w", err)
	}
	_, err = file.Write(b)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		f.whole = false // half a line may be there
		return fmt.Errorf("store current members: %w", err)
	}
	f.lines += len(moves)
	return nil
}
