package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func passwordFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "password-file", "", "`FILE` whose first line is the password, in place of asking")
}

// newPassword reads a password that is set; at a terminal it is asked for twice.
func (a *app) newPassword(file, user string) (string, error) {
	one, asked, err := a.password(file, "New password of "+user+": ")
	if err != nil || !asked {
		return one, err
	}
	two, _, err := a.password("", "The same again: ")
	if err == nil && one != two {
		err = errors.New("the two are not the same; nothing was changed")
	}
	return one, err
}

// password reads a password from a file, from the terminal without showing it, or from
// the standard input. There is no flag for the text itself: command lines stand in
// shell histories and in the list of processes.
func (a *app) password(file, prompt string) (text string, asked bool, err error) {
	in := a.in
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return "", false, fmt.Errorf("read password: %w", err)
		}
		defer f.Close()
		in = f
	} else if f, ok := in.(*os.File); ok {
		if show, err := hide(int(f.Fd())); err == nil {
			asked = true
			fmt.Fprint(a.err, prompt)
			defer fmt.Fprintln(a.err)
			defer show()
		}
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", asked, fmt.Errorf("read password: %w", err)
	}
	if text = strings.TrimRight(line, "\r\n"); text == "" {
		return "", asked, errors.New("read password: there is none; give it on the standard input or with --password-file")
	}
	return text, asked, nil
}

// hide stops a terminal from showing what is typed; an error means that it is none.
func hide(fd int) (show func(), err error) {
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	quiet := *old
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, err
	}
	// An interrupt must not leave the terminal silent.
	back := func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, old) }
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, unix.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, ok := <-ch; ok {
			back()
			os.Exit(exitFailed)
		}
	}()
	return func() {
		signal.Stop(ch)
		close(ch)
		<-done
		back()
	}, nil
}
