package dnstap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// contentType names what the frames hold.
const contentType = "protobuf:dnstap.Dnstap"

// Control frames (farsightsec/fstrm, fstrm/control.h).
const (
	controlAccept = 1
	controlStart  = 2
	controlStop   = 3
	controlReady  = 4
	controlFinish = 5

	fieldContentType = 1
	// maxControl is FSTRM_CONTROL_FRAME_LENGTH_MAX.
	maxControl = 512
)

// appendControl appends a control frame: an escape (a data frame of length 0), its
// length, its type and perhaps the content type.
func appendControl(b []byte, typ uint32, withType bool) []byte {
	n := uint32(4)
	if withType {
		n += 8 + uint32(len(contentType))
	}
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, n)
	b = binary.BigEndian.AppendUint32(b, typ)
	if withType {
		b = binary.BigEndian.AppendUint32(b, fieldContentType)
		b = binary.BigEndian.AppendUint32(b, uint32(len(contentType)))
		b = append(b, contentType...)
	}
	return b
}

var errFrame = errors.New("the collector does not speak Frame Streams")

// readControl reads one control frame.
func readControl(r io.Reader) (typ uint32, types [][]byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[4:])
	if binary.BigEndian.Uint32(head[:]) != 0 || n < 4 || n > maxControl {
		return 0, nil, errFrame
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, err
	}
	return parseControl(b)
}

// parseControl reads the content of a control frame.
func parseControl(b []byte) (typ uint32, types [][]byte, err error) {
	if len(b) < 4 {
		return 0, nil, errFrame
	}
	typ, b = binary.BigEndian.Uint32(b), b[4:]
	for len(b) > 0 {
		if len(b) < 8 {
			return 0, nil, errFrame
		}
		field, n := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if b = b[8:]; uint64(n) > uint64(len(b)) {
			return 0, nil, errFrame
		}
		if field == fieldContentType {
			types = append(types, b[:n])
		}
		b = b[n:]
	}
	return typ, types, nil
}

// begin shakes hands: ready, accept, start.
func begin(c io.ReadWriter) error {
	if _, err := c.Write(appendControl(nil, controlReady, true)); err != nil {
		return err
	}
	typ, types, err := readControl(c)
	if err != nil {
		return fmt.Errorf("wait for the collector to accept: %w", err)
	}
	ok := typ == controlAccept && len(types) == 0 // a collector that takes anything says nothing
	for _, t := range types {
		ok = ok || typ == controlAccept && bytes.Equal(t, []byte(contentType))
	}
	if !ok {
		return fmt.Errorf("the collector does not accept %s", contentType)
	}
	_, err = c.Write(appendControl(nil, controlStart, true))
	return err
}
