package rr

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// entry is one entry of a master file on one line: comments gone, parentheses
// resolved. The library glues two numbers together that only a line break inside
// parentheses divides, so it never gets to see one.
type entry struct {
	text []byte // ends in '\n'
	line int    // where it begins in the file, from 1
}

// joinLines divides a master file into entries (RFC 1035 §5.1) and refuses the
// directives that we do not follow.
func joinLines(text []byte) (out []entry, err error) {
	var (
		cur    entry
		depth  int
		quoted bool
		n      = 1
	)
	flush := func() error {
		word := strings.ToUpper(string(cur.text[:min(len(cur.text), 10)]))
		switch {
		case len(bytes.TrimSpace(cur.text)) == 0:
			cur = entry{}
			return nil
		case strings.HasPrefix(word, "$INCLUDE"):
			return &LineError{cur.line, errors.New("$INCLUDE is not accepted; paste the other file's records here")}
		case strings.HasPrefix(word, "$GENERATE"):
			return &LineError{cur.line, errors.New("$GENERATE is not accepted; write the records out")}
		}
		cur.text = append(cur.text, '\n')
		out, cur = append(out, cur), entry{}
		return nil
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if cur.line == 0 {
			cur.line = n
		}
		switch {
		case c == '\n' && quoted:
			return nil, &LineError{n, errors.New("a quoted text must end on its line")}
		case c == '\n':
			n++
			if depth > 0 {
				cur.text = append(cur.text, ' ')
			} else if err := flush(); err != nil {
				return nil, err
			}
		case c == '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				return nil, &LineError{n, errors.New("a carriage return inside the line; remove it")}
			}
		case c == '\\':
			cur.text = append(cur.text, c)
			if i+1 < len(text) && text[i+1] != '\n' && text[i+1] != '\r' {
				i++
				cur.text = append(cur.text, text[i])
			}
		case c == '"':
			quoted = !quoted
			cur.text = append(cur.text, c)
		case quoted:
			cur.text = append(cur.text, c)
		case c == ';':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '(':
			depth++
			cur.text = append(cur.text, ' ')
		case c == ')':
			if depth--; depth < 0 {
				return nil, &LineError{n, errors.New("a closing parenthesis without an opening one")}
			}
			cur.text = append(cur.text, ' ')
		default:
			cur.text = append(cur.text, c)
		}
	}
	switch {
	case quoted:
		return nil, &LineError{n, errors.New("a quoted text does not end")}
	case depth > 0:
		return nil, &LineError{cur.line, errors.New("a parenthesis is not closed")}
	}
	return out, flush()
}

// lineReader feeds entries to the parser octet by octet and knows which one it is
// at. Read is there because the library asks for an io.Reader.
type lineReader struct {
	lines []entry
	next  int // index of the entry in rest, plus one
	rest  []byte
}

func (l *lineReader) ReadByte() (byte, error) {
	if len(l.rest) == 0 {
		if l.next == len(l.lines) {
			return 0, io.EOF
		}
		l.rest = l.lines[l.next].text
		l.next++
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	return b, nil
}

func (l *lineReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := l.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// line is where the entry read last begins in the file.
func (l *lineReader) line() int {
	if l.next == 0 {
		return 1
	}
	return l.lines[l.next-1].line
}
