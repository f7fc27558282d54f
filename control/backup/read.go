package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrDamaged: it is no backup, or not the whole of one.
	ErrDamaged = errors.New("not a whole backup")
	// ErrNewer: a later release wrote it.
	ErrNewer = errors.New("written by a newer release")
)

// maxLine is far above a revision with 100,000 objects, the longest row there is, and
// keeps a made-up file from taking all memory.
const maxLine = 1 << 30

// Reader reads one backup. Close it.
type Reader struct {
	Header Header

	z     *zstd.Decoder
	in    *bufio.Reader
	sum   hash.Hash
	rows  int64
	table *Table
	seen  []string
	end   bool
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, fmt.Errorf("read backup: %w", err)
	}
	b := &Reader{z: z, in: bufio.NewReaderSize(z, 1<<16), sum: sha256.New()}
	if err := b.begins(); err != nil {
		z.Close()
		return nil, err
	}
	return b, nil
}

// begins reads the header.
func (r *Reader) begins() error {
	line, err := r.line()
	if err == nil {
		// The format first: of a later one nothing else may be as we know it.
		var f struct {
			Format int `json:"meridian_backup"`
		}
		if json.Unmarshal(line, &f) == nil && f.Format > format {
			return fmt.Errorf("read backup: format %d: %w", f.Format, ErrNewer)
		}
		if err = strict(line, &r.Header); err == nil {
			err = canonical(line, r.Header)
		}
		if err == nil && r.Header.Format != format {
			err = errors.New("it does not begin as a backup does")
		}
	}
	if err != nil {
		return damaged(err)
	}
	r.hash(line)
	return nil
}

func damaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return err
	}
	// Not wrapped: io.EOF would be taken for the end of a whole backup.
	return fmt.Errorf("read backup: %w (%v)", ErrDamaged, err)
}

// line reads up to the next line feed, which it leaves out.
func (r *Reader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, errors.New("a line is too long")
		}
	}
}

// Next returns the next row and its table; a table without rows is passed over. The
// error is io.EOF at the end of a whole backup, and only there.
func (r *Reader) Next() (*Table, Row, error) {
	for !r.end {
		line, err := r.line()
		if err != nil {
			return nil, nil, damaged(err)
		}
		switch {
		case bytes.HasPrefix(line, []byte(`{"table":`)):
			err = r.begin(line)
		case bytes.HasPrefix(line, []byte(`[`)) && r.table != nil:
			var row Row
			if row, err = decodeRow(line); err == nil && len(row) != len(r.table.Columns) {
				err = fmt.Errorf("a row of %s has %d values for %d columns", r.table.Name, len(row), len(r.table.Columns))
			}
			if err == nil {
				r.hash(line)
				r.rows++
				return r.table, row, nil
			}
		default:
			err = r.finish(line)
		}
		if err != nil {
			return nil, nil, damaged(err)
		}
	}
	return nil, nil, io.EOF
}

func (r *Reader) hash(line []byte) {
	r.sum.Write(line)
	r.sum.Write([]byte{'\n'})
}

func (r *Reader) begin(line []byte) error {
	t := &Table{}
	if err := strict(line, t); err != nil {
		return err
	}
	if err := canonical(line, t); err != nil {
		return err
	}
	if slices.Contains(r.seen, t.Name) {
		return fmt.Errorf("table %q stands twice", t.Name)
	}
	for i, c := range t.Columns {
		if slices.Contains(t.Columns[:i], c) {
			return fmt.Errorf("column %q of table %q stands twice", c, t.Name)
		}
	}
	r.table, r.seen = t, append(r.seen, t.Name)
	r.hash(line)
	return nil
}

func (r *Reader) finish(line []byte) error {
	var t trailer
	if err := strict(line, &t); err != nil {
		return err
	}
	if err := canonical(line, t); err != nil {
		return err
	}
	if t.Rows != r.rows || t.SHA256 != hex.EncodeToString(r.sum.Sum(nil)) {
		return errors.New("the sum at its end is another")
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		return fmt.Errorf("it goes on behind its end (%v)", err)
	}
	r.end = true
	return nil
}

// Close frees the decoder.
func (r *Reader) Close() {
	if r.z != nil { // a test reads lines as they are
		r.z.Close()
	}
}
