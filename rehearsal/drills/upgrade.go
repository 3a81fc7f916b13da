package drills

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/programs"
)

const (
	// olderVersion is the first version of the drill: the one that rehearsal/tools/kubernetes/v1.35 pins.
	olderVersion = "1.35.4"
	// movedNode gets another instance type of the same size, and a newer image.
	movedNode, movedType = "k8s-worker-ai", "c6i.large"
	// cutNode is the node whose update is interrupted: it keeps data.
	cutNode = "k8s-postgresql"
	// forcedNode is replaced although nothing changed about it.
	forcedNode = "k8s-redis"
	// interruptAfter is the time between the message that triggers an interruption and the interruption.
	interruptAfter = 300 * time.Millisecond
	// markName is the name of a ConfigMap that must outlive the upgrade.
	markName = "before-the-upgrade"
)

func upgradeVersion() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "upgrade", Program: programs.GrowbinName,
		About:  "Kubernetes is upgraded by one minor version, then one node gets a newer image and another instance type, and one is replaced by force: one instance at a time",
		Config: map[string]string{programs.KeyKubernetesVersion: olderVersion},
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			u := &upgrade{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "edit the version", Do: u.edit},
				{Name: "roll, interrupted in a drain", Do: u.interruptDrain},
				{Name: "roll, interrupted in an update", Do: u.interruptUpdate},
				{Name: "roll on", Do: u.rollOn},
				{Name: "after the roll", Do: u.compare},
				{Name: "image and type", Do: u.changeType},
				{Name: "a node by force", Do: u.force},
			}
		},
	}
}

// upgrade is an upgrade of the cluster, with the state before it.
type upgrade struct {
	*rehearsal.Rehearsal
	// wanted is the Kubernetes version of the stack file.
	wanted string
	// events is the length of the machine log before the upgrade.
	events  int
	lasting apiobjects.Inventory
	budgets *budgets
	// requests are sent all the while.
	requests *requests
	stop     context.CancelFunc
	// plans are the nodes that each run had left, backups the number of etcd backups.
	plans   [][]string
	backups int
}

// edit changes the version as a person would. A plain up must then leave every instance alone.
func (u *upgrade) edit(ctx context.Context) error {
	if err := u.Redesign(func(config map[string]string) { delete(config, programs.KeyKubernetesVersion) }); err != nil {
		return err
	}
	u.wanted = u.Design.KubernetesVersion
	if err := u.remember(ctx); err != nil {
		return err
	}
	if err := u.Engine.SetConfig(ctx, programs.KeyKubernetesVersion, u.wanted); err != nil {
		return err
	}
	result, err := u.Engine.Up(ctx, "edited-version", noOptions)
	if err != nil {
		return err
	}
	u.Compare("instances replaced by a plain up after the version was edited", "–", result.Replaced, result.Changed() == 0)
	return nil
}

// remember records the state before the upgrade, and creates the mark.
func (u *upgrade) remember(ctx context.Context) error {
	client, err := u.Client(ctx)
	if err != nil {
		return err
	}
	mark := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: markName}, Data: map[string]string{"version": olderVersion}}
	if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, mark, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the mark: %w", err)
	}
	if u.lasting, err = apiobjects.Lasting(ctx, u.World.Cluster().Admin()); err != nil {
		return err
	}
	u.events = u.Machines.Len()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	u.Defer(stop)
	if u.budgets, err = watchBudgets(watching, client); err != nil {
		return err
	}
	u.requests, err = sendRequests(ctx, u.Rehearsal, client)
	return err
}

// interruptDrain interrupts the first drain that has to wait for a PodDisruptionBudget: one pod has moved, others have not.
func (u *upgrade) interruptDrain(ctx context.Context) error {
	return u.rollUntil(ctx, func(message string) bool { return strings.Contains(message, "waiting: in namespace") })
}

// interruptUpdate interrupts Pulumi while it replaces the instance of a node that keeps data, at a random point.
func (u *upgrade) interruptUpdate(ctx context.Context) error {
	return u.rollUntil(ctx, func(message string) bool { return message == cutNode+": replacing the instance" })
}

// rollUntil rolls until shortly after the first message for which trigger returns true.
func (u *upgrade) rollUntil(ctx context.Context, trigger func(message string) bool) error {
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	o := u.options()
	logf := o.Logf
	o.Logf = func(format string, args ...any) {
		logf(format, args...)
		if trigger(fmt.Sprintf(format, args...)) {
			time.AfterFunc(interruptAfter, interrupt)
		}
	}
	err := roll.Run(ctx, o)
	switch {
	case err == nil:
		return errors.New("the roll ended before it was interrupted")
	case ctx.Err() == nil:
		return err
	}
	u.Console.Logf("interrupted: %s", strings.SplitN(err.Error(), "\n", 2)[0])
	return nil
}

// rollOn rolls again, from where the roll was interrupted.
func (u *upgrade) rollOn(ctx context.Context) error {
	if err := roll.Run(ctx, u.options()); err != nil {
		return err
	}
	var sizes []int
	for _, plan := range u.plans {
		sizes = append(sizes, len(plan))
	}
	first := len(sizes) == 3 && sizes[0] == len(u.Design.Nodes)
	u.Compare("nodes left to roll at the beginning of each run", fmt.Sprint(len(u.Design.Nodes)), fmt.Sprint(sizes),
		first && sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > 0)
	u.Compare("backups of etcd before the upgrade", 0, u.backups, u.backups == 1)
	return nil
}

// options record each plan and each backup.
func (u *upgrade) options() roll.Options {
	o := rollOptions(u.Rehearsal)
	o.Confirm = func(plan *roll.Plan) (bool, error) {
		var nodes []string
		for _, step := range plan.Steps {
			nodes = append(nodes, step.Node)
		}
		u.plans = append(u.plans, nodes)
		return true, plan.Print(u.Console.Writer)
	}
	save := o.Backup
	o.Backup = func(ctx context.Context, m roll.Machine) error {
		err := save(ctx, m)
		if err == nil {
			u.backups++
		}
		return err
	}
	return o
}
