package drills

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/dumps"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

const (
	lostDatabase = "k8s-postgresql"
	// savedRows are written to each database before the snapshot, lateRows after it.
	savedRows, lateRows = 20000, 500
)

func database() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "database", Program: programs.GrowbinName,
		About: "the instance and the data volume of " + lostDatabase + " are lost, then its snapshots too; a real PostgreSQL counts the rows that a snapshot, then the dumps in the bucket bring back",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &databaseLoss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "write rows", Do: d.write},
				{Name: "snapshot", Do: d.snapshot},
				{Name: "lose instance and volume", Do: d.lose},
				{Name: "up --refresh", Do: d.recover},
				{Name: "count rows", Do: d.count},
				{Name: "dump to the bucket", Do: d.dump},
				{Name: "operate.md: one database beside the present one", Do: d.restoreBeside},
				{Name: "lose volume and snapshots", Do: d.loseSnapshots},
				{Name: "recover.md: the dumps in the bucket", Do: d.restoreDumps},
			}
		},
	}
}

// databaseLoss is the loss of the database's node, with the state before it.
type databaseLoss struct {
	*rehearsal.Rehearsal
	server *databaseServer
	// disk is the ID of the data volume.
	disk string
	// copied are the errors of copied disks.
	copied []error
	// saved are the rows at the time of the snapshot.
	saved string
	// bucket serves the simulated S3 to the real AWS CLI, name is that of the bucket of dumps, dumped the rows in the dumps.
	bucket       *dumpBucket
	name, dumped string
	shell        *shell
	// logs are those of the job of the first database, by container.
	logs map[string]string
}

func (d *databaseLoss) write(ctx context.Context) error {
	machine, err := d.Cloud.Machine(lostDatabase)
	if err != nil {
		return err
	}
	d.disk = dataVolume(machine)
	client, err := d.Client(ctx)
	if err != nil {
		return err
	}
	if d.server, err = newDatabaseServer(ctx, client, "data"); err != nil {
		return err
	}
	d.Defer(d.server.close)
	d.OnCopyDisk = func(from, to string) { d.copied = append(d.copied, d.server.copyDisk(from, to)) }
	if err := d.server.start(ctx, d.disk); err != nil {
		return err
	}
	if err := d.server.insert(ctx, savedRows); err != nil {
		return err
	}
	d.saved, err = d.server.count(ctx)
	return err
}

// snapshot runs the policies of Data Lifecycle Manager, while the server runs.
func (d *databaseLoss) snapshot(ctx context.Context) error {
	taken, err := d.Cloud.RunLifecyclePolicies()
	if err := errors.Join(append(d.copied, err)...); err != nil {
		return err
	}
	d.Compare("volumes with a snapshot", 0, taken, taken == 3)
	return d.server.insert(ctx, lateRows)
}

func (d *databaseLoss) lose(context.Context) error {
	if err := d.Cloud.LoseInstance(lostDatabase); err != nil {
		return err
	}
	if err := d.Cloud.DeleteVolume(d.disk); err != nil {
		return err
	}
	return d.server.lose(d.disk)
}

// recover runs the one command that a person would.
func (d *databaseLoss) recover(ctx context.Context) error {
	result, err := d.Engine.Up(ctx, "up-refresh", engine.RunOptions{Refresh: true})
	if err := errors.Join(append(d.copied, err)...); err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool {
		return strings.HasPrefix(c.Name, lostDatabase) || c.Operation == "update" && (len(c.Properties) == 0 || c.Type == scheduleType)
	})
	d.Compare("resources changed that are not the node's", "–", join(engine.Strings(others)), len(others) == 0 && result.Changed() > 0)
	return nil
}

func (d *databaseLoss) count(ctx context.Context) error {
	machine, err := d.Cloud.Machine(lostDatabase)
	if err != nil {
		return err
	}
	restored := dataVolume(machine)
	d.Compare("data volume", d.disk, restored, restored != d.disk && restored != "")
	if err := d.server.start(ctx, restored); err != nil {
		return err
	}
	rows, err := d.server.count(ctx)
	if err != nil {
		return err
	}
	d.Compare("rows, as of the snapshot", d.saved, rows, rows == d.saved && strings.Contains(rows, fmt.Sprintf("growbin %d", savedRows)))
	if err := d.server.insert(ctx, 1); err != nil {
		return err
	}
	d.Compare("the restored server accepts writes", "–", "yes", true)
	return nil
}

// dump runs the jobs of the night as the cluster has them, each with its own role.
func (d *databaseLoss) dump(ctx context.Context) error {
	var info map[string]any
	if err := d.Engine.Output(ctx, stacks.OutputClusterInfo, &info); err != nil {
		return err
	}
	d.name, _ = info[stacks.InfoDumpsBucket].(string)
	client, err := d.Client(ctx)
	if err != nil {
		return err
	}
	if d.bucket, err = newDumpBucket(d.Cloud, d.server.folder); err != nil {
		return err
	}
	d.Defer(d.bucket.server.Close)
	if d.dumped, err = d.server.count(ctx); err != nil {
		return err
	}
	for i, database := range d.server.databases {
		logs, err := d.bucket.runJob(ctx, client, d.server, database[0])
		if err != nil {
			return err
		}
		if i == 0 {
			d.logs = logs
		}
	}
	keys, err := d.Cloud.ListObjects(d.name, "")
	if err != nil {
		return err
	}
	d.Compare("dumps in the bucket", 0, len(keys), len(keys) == len(d.server.databases))
	return d.server.insert(ctx, lateRows)
}

// restoreBeside runs the page for the day-to-day work on the database: a dump now, one restored by its file, one beside the present
// database.
func (d *databaseLoss) restoreBeside(ctx context.Context) (err error) {
	if d.shell, err = newShell(ctx, d.Rehearsal, d.bucket.server); err != nil {
		return err
	}
	stop, err := d.World.Cluster().ServeKubelets(d.containers())
	if err != nil {
		return err
	}
	d.Defer(stop)
	work, err := d.shell.open("docs/operate.md")
	if err != nil {
		return err
	}
	database := d.server.databases[0][0]
	files, err := filepath.Glob(filepath.Join(d.server.backups(), database, "*.dump"))
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("the server has %d dumps of %s, must have one", len(files), database)
	}
	moment := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(files[0]), database+"-"), ".dump")
	taken, err := time.Parse(dumps.Stamp, moment)
	if err != nil {
		return fmt.Errorf("the name of a dump: %w", err)
	}
	out, err := work.run(ctx, "kubectl -n data exec -it postgresql-0", map[string]string{
		"FILE": filepath.Base(files[0]), "2026-11-25T03:30:00+09:00": taken.Add(time.Second).Format(time.RFC3339), "20261124182000": taken.Format("20060102150405"),
	})
	if err != nil {
		return err
	}
	d.Compare("the page's logs of the job", "–", strings.Count(out, "upload:"), strings.Count(out, "upload:") == 1 && strings.Count(out, "backup:") == 1)
	recovery, err := d.shell.open("docs/recover.md")
	if err != nil {
		return err
	}
	list, err := recovery.run(ctx, "aws ec2 describe-snapshots", nil)
	if err != nil {
		return err
	}
	shown := strings.Count(list, " "+lostDatabase+"-data ")
	d.Compare("snapshots of "+lostDatabase+"-data that aws ec2 describe-snapshots shows", 1, shown, shown == 1)
	rows, err := d.server.count(ctx)
	if err != nil {
		return err
	}
	d.Compare("rows of "+database+" after the restore of its file", d.dumped, rows, strings.HasPrefix(rows, strings.SplitN(d.dumped, ",", 2)[0]+","))
	return nil
}

// containers answer kubectl for the database server and its jobs.
func (d *databaseLoss) containers() cluster.Containers {
	return cluster.Containers{
		Exec: func(ctx context.Context, c cluster.Container, stdin io.Reader, stdout io.Writer, command []string) error {
			if c.Name != "postgresql" {
				return fmt.Errorf("%s in %s is simulated", c.Name, c.Pod)
			}
			if d.server.process == nil { // the pod of a new volume
				machine, err := d.Cloud.Machine(lostDatabase)
				if err != nil {
					return err
				}
				if err := d.server.start(ctx, dataVolume(machine)); err != nil {
					return err
				}
			}
			out, err := d.server.exec(ctx, stdin, command...)
			_, writeErr := fmt.Fprintln(stdout, out)
			return errors.Join(err, writeErr)
		},
		Logs: func(c cluster.Container) (string, error) {
			log, ran := d.logs[c.Name]
			if !ran || !strings.HasPrefix(c.Pod, d.server.databases[0][0]+"-now-") {
				return "", fmt.Errorf("%s in %s is simulated", c.Name, c.Pod)
			}
			return log + "\n", nil
		},
	}
}

func (d *databaseLoss) loseSnapshots(context.Context) error {
	machine, err := d.Cloud.Machine(lostDatabase)
	if err != nil {
		return err
	}
	disk := dataVolume(machine)
	d.Cloud.DeleteSnapshots(lostDatabase + "-data")
	if err := errors.Join(d.Cloud.LoseInstance(lostDatabase), d.Cloud.DeleteVolume(disk)); err != nil {
		return err
	}
	// The dumps were on the same disk. Their folder is a mount point, which every new pod has.
	dumps, err := filepath.Glob(filepath.Join(d.server.backups(), "*"))
	err = errors.Join(err, d.server.lose(disk))
	for _, folder := range dumps {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// restoreDumps runs the page after an update that refuses to start the database empty.
func (d *databaseLoss) restoreDumps(ctx context.Context) error {
	_, err := d.Engine.Up(ctx, "up-lost-snapshots", engine.RunOptions{Refresh: true})
	d.Compare("update without a snapshot", "–", err, err != nil && strings.Contains(err.Error(), "must name "+lostDatabase))
	recovery, err := d.shell.open("docs/recover.md")
	if err != nil {
		return err
	}
	if _, err := recovery.run(ctx, "pulumi config set --path 'growbin:startEmpty", nil); err != nil {
		return err
	}
	rows, err := d.server.count(ctx)
	if err != nil {
		return err
	}
	d.Compare("rows, as of the dumps", d.dumped, rows, rows == d.dumped && strings.Contains(rows, fmt.Sprintf("growbin %d", savedRows+1)))
	if err := d.server.insert(ctx, 1); err != nil {
		return err
	}
	d.Compare("the server restored from dumps accepts writes", "–", "yes", true)
	list, err := recovery.run(ctx, `aws s3 ls "s3://$(pulumi stack output clusterInfo -s `+d.Options.Stack+` | jq -r .dumpsBucket)`, nil)
	d.Compare("dumps of one database that aws s3 ls names", 1, strings.Count(list, ".dump"), strings.Count(list, ".dump") == 1)
	return err
}
