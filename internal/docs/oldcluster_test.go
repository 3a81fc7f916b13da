package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// fakes stand for the programs of docs/from-the-old-cluster.md that need a cluster or an account. kubectl runs the commands of the
// database server against the new one.
var fakes = map[string]string{
	"kubectl": `case "$*" in
*exec*) while [ "$1" != -- ]; do shift; done; shift; PGHOST=$FOLDER PGPORT=$NEW_PORT "$@" ;;
*"get deployments"*) printf 'waste-api 3\nauth-api 2\n' ;;
*) echo "kubectl $*" >>"$LOG" ;;
esac`,
	"aws": `case "$*" in
*list-resource-record-sets*) cat "$FOLDER/zone.json" ;;
*change-resource-record-sets*) cp back.json "$FOLDER/changed.json" ;;
*"s3 ls"*) printf 'Total Objects: 7\nTotal Size: 7\n' ;;
*) echo "aws $*" >>"$LOG" ;;
esac`,
	"pulumi": `case "$*" in
*"stack output"*) echo '{"imagesBucket":"new-images","dumpsBucket":"new-dumps"}' ;;
*"stack export"*) echo '{"deployment":{"resources":[{"urn":"urn:pulumi:prod::growbin::aws:route53/record:Record::growbin-prod-api.growbin.app"},{"urn":"urn:other"}]}}' ;;
*) echo "pulumi $*" >>"$LOG" ;;
esac`,
	"growbin": `echo "growbin $*" >>"$LOG"`,
	"curl":    `echo 200`,
}

const oldZone = `{"ResourceRecordSets":[{"Name":"growbin.app.","Type":"NS","TTL":300,"ResourceRecords":[{"Value":"ns."}]},
	{"Name":"api.growbin.app.","Type":"A","TTL":60,"ResourceRecords":[{"Value":"192.0.2.1"}]}]}`

// migration is a shell with the fakes, an old and a new database server.
type migration struct {
	folder   string
	bin      string
	user     *realserver.User
	old, new int
}

func newMigration(t *testing.T) *migration {
	t.Helper()
	postgres := realserver.Binary(t, "postgres")
	realserver.Binary(t, "jq")
	m := &migration{user: realserver.Unprivileged(t), bin: filepath.Dir(postgres)}
	m.folder = realserver.Folder(t, m.user)
	for name, script := range fakes {
		realserver.Write(t, filepath.Join(m.folder, name), "#!/bin/sh\n"+script+"\n", 0o755, m.user)
	}
	realserver.Write(t, filepath.Join(m.folder, "zone.json"), oldZone, 0o644, m.user)
	m.old, m.new = m.server(t, postgres, "old"), m.server(t, postgres, "new")
	return m
}

func (m *migration) command(path string, args ...string) realserver.Command {
	return realserver.Command{Path: path, Args: args, Dir: m.folder, User: m.user, Env: []string{
		"PATH=" + m.folder + ":" + m.bin + ":" + os.Getenv("PATH"), "HOME=" + m.folder, "LANG=C.UTF-8", "PGHOST=" + m.folder,
		"FOLDER=" + m.folder, "LOG=" + filepath.Join(m.folder, "log"), fmt.Sprint("NEW_PORT=", m.new),
	}}
}

func (m *migration) server(t *testing.T, postgres, name string) int {
	t.Helper()
	port, data := realserver.FreePort(t), filepath.Join(m.folder, name)
	realserver.MustRun(t, m.command(filepath.Join(m.bin, "initdb"), "--pgdata="+data, "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"))
	server := realserver.Start(t, m.command(postgres, "-D", data, "-c", fmt.Sprint("port=", port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+m.folder))
	server.WaitFor(t, "accepting connections", 5*time.Minute, func() error {
		_, err := realserver.Run(t, m.command(filepath.Join(m.bin, "pg_isready"), fmt.Sprint("--port=", port)))
		return err
	})
	for _, database := range []string{"growbin", "auth", "analytics"} {
		m.sql(t, port, "postgres", "CREATE ROLE "+database+" LOGIN")
		m.sql(t, port, "postgres", "CREATE DATABASE "+database+" OWNER "+database)
	}
	return port
}

func (m *migration) sql(t *testing.T, port int, database, statement string) string {
	t.Helper()
	return strings.TrimSpace(realserver.MustRun(t, m.command(filepath.Join(m.bin, "psql"), "--no-psqlrc", "--quiet", "-At", "--username=postgres",
		"--set=ON_ERROR_STOP=1", fmt.Sprint("--port=", port), "--dbname="+database, "--command="+statement)))
}

// sections returns the commands of the page by heading.
func sections(page string) map[string]string {
	found, heading, fenced := map[string]string{}, "", false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced:
			found[heading] += line
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return found
}

func TestFromTheOldCluster(t *testing.T) {
	m := newMigration(t)
	m.sql(t, m.old, "growbin", "CREATE EXTENSION pg_trgm; CREATE TABLE users (id bigserial PRIMARY KEY, name text); "+
		"INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 500) n; CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT generate_series(1, 7) AS id")
	m.sql(t, m.old, "auth", "CREATE TABLE tokens AS SELECT 1 AS id")
	found := sections(read(t, "docs/from-the-old-cluster.md"))
	run := func(headings ...string) (string, error) {
		script := "set -euo pipefail\n" + found["From the old cluster"] + fmt.Sprintf("OLD=postgresql://postgres@127.0.0.1:%d\n", m.old)
		for _, heading := range headings {
			require.NotEmpty(t, found[heading], heading)
			script += found[heading]
		}
		return realserver.Run(t, m.command("/bin/bash", "-c", script))
	}
	all := []string{
		"1. Deploy the new stack beside it", "2. Keep the way back", "3. Copy the images once", "4. Stop the old APIs", "5. Move the databases", "6. Switch the name",
	}
	out, err := run(all...)
	require.NoError(t, err)
	assert.Contains(t, out, "200")
	assert.Equal(t, "500", m.sql(t, m.new, "growbin", "SELECT count(*) FROM users"))
	assert.Equal(t, "growbin", m.sql(t, m.new, "growbin", "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"))
	assert.Equal(t, "501", m.sql(t, m.new, "growbin", "INSERT INTO users (name) VALUES ('new') RETURNING id"), "sequences go on")
	counts, err := os.ReadFile(filepath.Join(m.folder, "growbin.new.txt"))
	require.NoError(t, err)
	assert.Equal(t, "public.users|500\nshop.orders|7\n", string(counts))
	assert.FileExists(t, filepath.Join(m.folder, "analytics.new.txt"), "the last database was reached")
	assert.NoFileExists(t, filepath.Join(m.folder, "changed.json"), "nothing went back")

	_, err = run("3. Copy the images once", "Go back", "7. The end")
	require.NoError(t, err)
	changed, err := os.ReadFile(filepath.Join(m.folder, "changed.json"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"api.growbin.app.","Type":"A","TTL":60,"ResourceRecords":[{"Value":"192.0.2.1"}]}}]}`, string(changed))
	log, err := os.ReadFile(filepath.Join(m.folder, "log"))
	require.NoError(t, err)
	for _, line := range []string{
		"pulumi config set growbin:domain next.growbin.app -s prod", "aws s3 sync s3://growbin-old-images s3://new-images --only-show-errors",
		"kubectl --context old -n default scale deployment --all --replicas=0", "pulumi config set growbin:replaceRecords true -s prod",
		"kubectl --context old -n default scale deployment waste-api --replicas=3", "kubectl --context old -n default scale deployment auth-api --replicas=2",
		"pulumi state delete --yes -s prod urn:pulumi:prod::growbin::aws:route53/record:Record::growbin-prod-api.growbin.app",
	} {
		assert.Contains(t, string(log), line+"\n")
	}
	assert.Len(t, found, len(all)+3, "a section is not run")
}

// Rows that do not arrive stop the move.
func TestFromTheOldCluster_ImportFails(t *testing.T) {
	m := newMigration(t)
	m.sql(t, m.old, "growbin", "CREATE TABLE users AS SELECT 1 AS id")
	m.sql(t, m.new, "growbin", "CREATE TABLE users (other text)")
	m.sql(t, m.old, "auth", "CREATE TABLE tokens AS SELECT 1 AS id")
	_, err := realserver.Run(t, m.command("/bin/bash", "-c", fmt.Sprintf("OLD=postgresql://postgres@127.0.0.1:%d OLD_BUCKET=a NEW_BUCKET=b\n", m.old)+
		sections(read(t, "docs/from-the-old-cluster.md"))["5. Move the databases"]))
	require.NoError(t, err)
	assert.NoFileExists(t, filepath.Join(m.folder, "auth.dump"), "the next database is not touched")
	assert.Equal(t, "0", m.sql(t, m.new, "growbin", "SELECT count(*) FROM users"))
}
