package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/runs"
	"github.com/sslx-go/lab/watch"
)

func runsWatchCommand(a *app) *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use:   "watch [FOLDER]",
		Short: "Show runs and claims in a web page while they train",
		Long: `Show the runs and claims in a folder (runs when left out) and below in a web page that updates itself: how
far each is, curves, pictures, results, verdicts, and chosen runs side by side. The address that is printed
holds a token; nobody can read the page without it. The server is this command; it listens on this machine
alone (127.0.0.1), loads nothing from elsewhere, and only reads. Ctrl-C ends it, and stops no training.

docs/watching.md explains the page, and how to open it from another machine.`,
		Example: `  sslx runs watch
  sslx runs watch experiments/results --port 8111`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := argument(args)
			if folder == "" {
				folder = runs.Folder
			}
			return a.runsWatch(cmd.Context(), folder, port)
		},
	}

	cmd.Flags().IntVar(&port, "port", 0, "port to listen on; a free one when left out")
	return cmd
}

func (a *app) runsWatch(ctx context.Context, folder string, port int) error {
	if port < 0 || port > 65535 {
		return usage.Errorf("--port is %d: it must be from 0 to 65535", port)
	}
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) && folder == runs.Folder {
		return usage.Errorf("there is no folder %s here: `sslx pretrain --out runs/first` makes a run in it, or name "+
			"another folder", folder)
	}
	token := watch.NewToken()
	handler, err := watch.New(folder, token)
	if err != nil {
		return err
	}
	defer func() { _ = handler.Close() }()

	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("cannot listen on port %d: %w; leave --port out for a free one", port, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	// It has room for the error, so that the goroutine ends whether or not somebody waits.
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(a.stdout, "http://%s/?token=%s\n", listener.Addr(), token)
	a.say("watching %s; open the address above in a browser, Ctrl-C ends", folder)

	select {
	case err := <-failed:
		return fmt.Errorf("the page can no longer be served: %w", err)
	case <-ctx.Done():
	}
	// ctx has ended; answers are short, and a page asks again anyway.
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
