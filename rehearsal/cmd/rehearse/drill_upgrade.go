package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal/verify"
)

const (
	settingVersion = prefix + "kubernetesVersion"
	settingTypes   = prefix + "instanceTypes"
	// olderVersion is where the upgrade begins: what rehearsal/tools/kubernetes/v1.35 pins.
	olderVersion = "1.35.4"
	// movedNode gets another instance type, of the same size, and a newer image.
	movedNode, movedType = "k8s-worker-ai", "c6i.large"
	// cutNode is the one whose update is cut off: it keeps data.
	cutNode = "k8s-postgresql"
	// interruptAfter is the moment between what a roll says and its interruption.
	interruptAfter = 300 * time.Millisecond
)

func init() {
	drills["upgrade"] = drill{
		about:  "Kubernetes goes up one minor version, then one node gets a newer image and another instance type: one machine at a time",
		config: map[string]string{settingVersion: olderVersion},
		phases: func(r *rehearsal) []phase { return new(upgrade).phases(r) },
	}
}

// upgrade is the drill's memory.
type upgrade struct {
	r *rehearsal
	// wanted is the version of the stack's file.
	wanted string
	// events is how long the machines' log was before, lasting what must survive, budgets who watches the pods.
	events  int
	lasting map[string]types.UID
	budgets *budgets
	stop    context.CancelFunc
	// plans are the nodes that each run had left, backups how often etcd was saved.
	plans   [][]string
	backups int
}

func (u *upgrade) phases(r *rehearsal) []phase {
	u.r = r
	return []phase{
		{"edit the version", u.edit},
		{"roll, interrupted", u.interrupted},
		{"roll, cut off", u.cutOff},
		{"roll on", u.rollOn},
		{"after the roll", u.judge},
		{"image and type", u.move},
	}
}

// edit changes the version as a person would. A plain up must then leave every machine alone.
func (u *upgrade) edit(ctx context.Context) error {
	r := u.r
	config, secrets := r.ownConfig()
	maps.Copy(config, secrets)
	delete(config, settingVersion)
	settings, err := loadSettings(r.options.root, r.options.stack, config)
	if err != nil {
		return err
	}
	u.wanted = settings.KubernetesVersion
	if err := u.remember(ctx); err != nil {
		return err
	}
	if err := r.engine.SetConfig(ctx, settingVersion, u.wanted); err != nil {
		return err
	}
	r.settings.KubernetesVersion = u.wanted
	result, err := r.engine.Up(ctx, "edited-version")
	if err != nil {
		return err
	}
	r.compare("machines replaced by a plain up after the version was edited", "–", result.Replaced, result.Changed() == 0)
	return nil
}

// remember notes what is there before, and puts a mark of its own.
func (u *upgrade) remember(ctx context.Context) error {
	client, err := u.r.client(ctx)
	if err != nil {
		return err
	}
	mark := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "before-the-upgrade"}, Data: map[string]string{"version": olderVersion}}
	if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, mark, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("put a mark into the cluster: %w", err)
	}
	if u.lasting, err = verify.Lasting(ctx, u.r.world.Cluster().Admin()); err != nil {
		return err
	}
	u.events = u.r.machines.len()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	u.r.closers = append(u.r.closers, stop)
	u.budgets, err = watchBudgets(watching, client)
	return err
}

// interrupted is stopped in the middle of the first drain that has to wait for a budget: one pod has moved, others have not.
func (u *upgrade) interrupted(ctx context.Context) error {
	return u.rollUntil(ctx, func(said string) bool { return strings.Contains(said, "waiting: in namespace") })
}

// cutOff is stopped while Pulumi replaces the machine of a node that keeps data. Where exactly is left to chance.
func (u *upgrade) cutOff(ctx context.Context) error {
	return u.rollUntil(ctx, func(said string) bool { return said == cutNode+": replacing the machine" })
}

// rollUntil rolls, and is interrupted a moment after the roll has said something.
func (u *upgrade) rollUntil(ctx context.Context, moment func(said string) bool) error {
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	o := u.options()
	say := o.Say
	o.Say = func(format string, args ...any) {
		say(format, args...)
		if moment(fmt.Sprintf(format, args...)) {
			time.AfterFunc(interruptAfter, interrupt)
		}
	}
	err := roll.Run(ctx, o)
	switch {
	case err == nil:
		return errors.New("the roll came to its end before it was interrupted")
	case ctx.Err() == nil:
		return err
	}
	u.r.out.say("interrupted: %s", strings.SplitN(err.Error(), "\n", 2)[0])
	return nil
}

// rollOn rolls again, from wherever it stopped.
func (u *upgrade) rollOn(ctx context.Context) error {
	if err := roll.Run(ctx, u.options()); err != nil {
		return err
	}
	var sizes []int
	for _, plan := range u.plans {
		sizes = append(sizes, len(plan))
	}
	first := len(sizes) == 3 && sizes[0] == len(u.r.settings.Nodes)
	u.r.compare("nodes that each run found left to do", fmt.Sprint(len(u.r.settings.Nodes)), fmt.Sprint(sizes),
		first && sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > 0)
	u.r.compare("backups of etcd before the upgrade", 0, u.backups, u.backups == 1)
	return nil
}

// options note each plan and each backup.
func (u *upgrade) options() roll.Options {
	o := u.r.rollOptions()
	o.Confirm = func(plan *roll.Plan) (bool, error) {
		var nodes []string
		for _, step := range plan.Steps {
			nodes = append(nodes, step.Node)
		}
		u.plans = append(u.plans, nodes)
		return true, plan.Print(u.r.out.writer)
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
