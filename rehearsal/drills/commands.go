package drills

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

// commandTag is released by the command.
const commandTag = "1.7.0"

// commands runs growbin as people and workflows do: a process of its own, with the real AWS CLI and the real engine, and with the
// rights that this repository gives to the workflow that runs the command.
func commands() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "commands", Program: programs.GrowbinName,
		About:  "growbin verify, kubeconfig, release and roll --taken run as commands, with the rights of their workflows",
		Config: commandSettings(),
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &commandDrill{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "the command", Do: d.install},
				{Name: "growbin verify", Do: d.verify},
				{Name: "growbin kubeconfig", Do: d.kubeconfigs},
				{Name: "growbin release", Do: d.release},
				{Name: "an instance is taken", Do: d.taken},
				{Name: "growbin roll --taken", Do: d.roll},
			}
		},
	}
}

// commandSettings name the roles of the workflows, as docs/ci.md says, and have spot instances.
func commandSettings() map[string]string {
	settings := spotSettings()
	settings[programs.KeyOperators] = fmt.Sprintf(`[%q,%q]`, programs.RoleARN(iampolicy.Verifier), programs.RoleARN(iampolicy.Roller))
	return settings
}

type commandDrill struct {
	*rehearsal.Rehearsal
	growbin *growbin
}

func (d *commandDrill) install(ctx context.Context) (err error) {
	objects := s3server.New()
	d.Defer(objects.Close)
	if d.growbin, err = installGrowbin(ctx, d.Rehearsal, objects); err != nil {
		return err
	}
	client, err := d.Client(ctx)
	if err != nil {
		return err
	}
	return serveAlertmanager(ctx, d.Rehearsal, client)
}

// verify is the workflow drift.
func (d *commandDrill) verify(ctx context.Context) error {
	out, err := d.growbin.as(ctx, iampolicy.Verifier, "verify")
	wrong := strings.Count(out, " wrong ")
	d.Compare("growbin verify with the rights of the verifier: wrong rows", 0, wrong, err == nil && wrong == 0 && strings.Contains(out, "preview with a refresh"))
	return err
}

// kubeconfigs asks for both kubeconfigs of people, and for the administrator's as a workflow that may not read it.
func (d *commandDrill) kubeconfigs(ctx context.Context) error {
	for _, c := range []struct {
		title   string
		args    []string
		secrets bool
	}{{"a reader", nil, false}, {"an administrator", []string{"--admin"}, true}} {
		text, err := d.growbin.run(ctx, append([]string{"kubeconfig"}, c.args...)...)
		if err != nil {
			return err
		}
		config, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
		if err != nil {
			return fmt.Errorf("use the kubeconfig of %s: %w", c.title, err)
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return fmt.Errorf("client of %s: %w", c.title, err)
		}
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("list the nodes as %s: %w", c.title, err)
		}
		d.Compare("nodes that "+c.title+" sees by growbin kubeconfig", len(d.Design.Nodes), len(nodes.Items), len(nodes.Items) == len(d.Design.Nodes))
		_, err = client.CoreV1().Secrets(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{})
		d.Compare(c.title+" reads Secrets", c.secrets, err == nil, c.secrets == (err == nil))
	}
	text, err := d.growbin.as(ctx, iampolicy.Previewer, "kubeconfig", "--admin")
	refused := err != nil && strings.Contains(text, "AccessDeniedException") && !strings.Contains(text, "client-key-data")
	d.Compare("the previewer gets the administrator's kubeconfig", false, !refused, refused)
	return nil
}

// release brings a tag. Verification must not take it for drift before the next update.
func (d *commandDrill) release(ctx context.Context) error {
	if _, err := d.growbin.run(ctx, "release", releasedApplication, commandTag); err != nil {
		return err
	}
	out, err := d.growbin.run(ctx, "release", "--list")
	if err != nil {
		return err
	}
	listed := false
	for line := range strings.Lines(out) {
		listed = listed || strings.HasPrefix(line, releasedApplication) && strings.Contains(line, commandTag)
	}
	d.Compare("growbin release --list names the tag", true, listed, listed)
	return d.verify(ctx)
}

// taken ends a spot instance. Verification must name it, with an exit code.
func (d *commandDrill) taken(ctx context.Context) error {
	if err := d.Cloud.TakeSpot(takenNode); err != nil {
		return err
	}
	out, err := d.growbin.as(ctx, iampolicy.Verifier, "verify", "--no-drift")
	named := err != nil && strings.Contains(out, "instance "+takenNode+" does not run")
	d.Compare("growbin verify names the lost instance", true, named, named)
	return nil
}

// roll is the workflow spot. It must leave no lock.
func (d *commandDrill) roll(ctx context.Context) error {
	if _, err := d.growbin.as(ctx, iampolicy.Roller, "roll", "--taken"); err != nil {
		return err
	}
	_, err := d.Cloud.Parameter(stacks.LockParameter(d.Options.Stack))
	d.Compare("the roll's lock is left", false, err == nil, err != nil)
	out, err := d.growbin.as(ctx, iampolicy.Roller, "roll", "--taken")
	idle := err == nil && strings.Contains(out, "Every spot node has its instance.")
	d.Compare("a second growbin roll --taken has nothing to do", true, idle, idle)
	return d.verify(ctx)
}
