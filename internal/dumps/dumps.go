// Package dumps restores a database of a stack from its nightly dumps: from the server's data volume or, if the dump is no longer
// there, from the bucket.
package dumps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

// Server is the container of the database server.
type Server struct {
	// Exec runs a command in the container and returns its standard output. A nil stdin is empty.
	Exec func(ctx context.Context, stdin io.Reader, command ...string) (string, error)
	// Scripts is the folder of receive.sh and restore.sh, e.g. /etc/postgresql-config.
	Scripts string
	// Folder has a folder of dumps per database, e.g. /backups.
	Folder string
}

// Options describe one restore.
type Options struct {
	// Database is the name of the database.
	Database string
	// At is the time whose data is wanted: that of the latest dump until then.
	At time.Time
	// Replace puts the dump in the place of the database. Otherwise it becomes a database of its own beside it.
	Replace bool
	// Server runs the database.
	Server Server
	// Bucket holds the copies of the dumps, as <database>/<file>.
	Bucket string
	// AWS runs the AWS CLI with the right to list and read the bucket.
	AWS awscli.Runner
	// Out receives the messages of the scripts.
	Out io.Writer
}

// Stamp is the form of the time in the name of a dump, always UTC.
const Stamp = "2006-01-02T150405Z"

// Restore restores the database. A failure leaves the present one as it was.
func Restore(ctx context.Context, o Options) error {
	local, err := o.local(ctx)
	if err != nil {
		return err
	}
	// Without access to the bucket, the dumps of the server still count.
	remote, remoteErr := o.remote(ctx)
	name := latest(append(slices.Clone(local), remote...), o.Database, o.At)
	if name == "" {
		return errors.Join(fmt.Errorf("there is no dump of %s from %s or before, on the server or in bucket %s", o.Database, o.At.UTC().Format(time.RFC3339), o.Bucket), remoteErr)
	}
	if remoteErr != nil {
		fmt.Fprintf(o.Out, "the dumps in the bucket are left out: %s\n", awscli.Printable(remoteErr.Error()))
	}
	if slices.Contains(local, name) {
		return o.restore(ctx, o.Server.Folder, name)
	}
	return o.fetch(ctx, name)
}

// latest returns the name of the latest dump until a time; empty for none. Names sort like times.
func latest(names []string, database string, until time.Time) string {
	limit := database + "-" + until.UTC().Format(Stamp) + ".dump"
	found := ""
	for _, name := range names {
		if name <= limit && name > found {
			found = name
		}
	}
	return found
}

// isDump reports whether the name is that of a dump of the database.
func (o Options) isDump(name string) bool {
	moment, ok := strings.CutPrefix(strings.TrimSuffix(name, ".dump"), o.Database+"-")
	_, err := time.Parse(Stamp, moment)
	return ok && err == nil && strings.HasSuffix(name, ".dump")
}

func (o Options) local(ctx context.Context) ([]string, error) {
	// find succeeds without a match; a new server has no folder yet.
	out, err := o.Server.Exec(ctx, nil, "find", o.Server.Folder, "-path", path.Join(o.Server.Folder, o.Database, "*.dump"))
	if err != nil {
		return nil, fmt.Errorf("list the dumps on the server: %w", err)
	}
	var names []string
	for _, line := range strings.Fields(out) {
		if name := path.Base(line); o.isDump(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (o Options) remote(ctx context.Context) ([]string, error) {
	out, err := o.AWS(ctx, "s3api", "list-objects-v2", "--bucket", o.Bucket, "--prefix", o.Database+"/")
	if err != nil {
		return nil, fmt.Errorf("list the dumps in bucket %s: %w", o.Bucket, err)
	}
	var list struct{ Contents []struct{ Key string } }
	if len(out) > 0 { // the CLI prints nothing about an empty bucket
		if err := json.Unmarshal(out, &list); err != nil {
			return nil, fmt.Errorf("read the list of bucket %s: %w", o.Bucket, err)
		}
	}
	var names []string
	for _, object := range list.Contents {
		if name := path.Base(object.Key); o.isDump(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// restore runs restore.sh on a dump in a folder of the server.
func (o Options) restore(ctx context.Context, folder, name string) error {
	script := path.Join(o.Server.Scripts, "restore.sh")
	command := []string{script, o.Database, path.Join(folder, o.Database, name)}
	if !o.Replace {
		moment, err := time.Parse(Stamp, strings.TrimSuffix(strings.TrimPrefix(name, o.Database+"-"), ".dump"))
		if err != nil {
			return err
		}
		command = []string{"env", "BACKUP_DIR=" + folder, script, "--beside", o.Database, moment.Format(time.RFC3339)}
	}
	out, err := o.Server.Exec(ctx, nil, command...)
	fmt.Fprint(o.Out, out)
	if err != nil {
		return fmt.Errorf("restore %s: %w", name, err)
	}
	return nil
}

// fetch brings a dump from the bucket to the server, restores it and removes it there.
func (o Options) fetch(ctx context.Context, name string) (err error) {
	folder, err := os.MkdirTemp("", "growbin")
	if err != nil {
		return fmt.Errorf("make a folder for the dump: %w", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, name)
	out, err := o.AWS(ctx, "s3api", "get-object", "--bucket", o.Bucket, "--key", o.Database+"/"+name, file)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	var object struct{ Metadata struct{ SHA256 string } }
	if err := json.Unmarshal(out, &object); err != nil || object.Metadata.SHA256 == "" {
		return fmt.Errorf("%s in bucket %s has no checksum: it is not an upload of the database server", name, o.Bucket)
	}
	dump, err := os.Open(file)
	if err != nil {
		return err
	}
	defer dump.Close()
	received, err := o.Server.Exec(ctx, dump, path.Join(o.Server.Scripts, "receive.sh"), o.Database, name, object.Metadata.SHA256)
	if err != nil {
		return fmt.Errorf("send %s to the server: %w", name, err)
	}
	received = strings.TrimSpace(received)
	fmt.Fprintf(o.Out, "fetched %s from bucket %s\n", name, o.Bucket)
	defer func() {
		_, removeErr := o.Server.Exec(context.WithoutCancel(ctx), nil, "rm", "-f", received)
		err = errors.Join(err, removeErr)
	}()
	return o.restore(ctx, path.Dir(path.Dir(received)), name)
}
