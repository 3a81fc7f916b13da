package drills

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/iampolicy"
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
		About:  "growbin verify, kubeconfig, revoke, audit, rotate-key, release and roll run as commands, with the rights of their users",
		Config: commandSettings(),
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &commandDrill{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "the command", Do: d.install},
				{Name: "growbin verify", Do: d.verify},
				{Name: "growbin kubeconfig", Do: d.kubeconfigs},
				{Name: "growbin revoke", Do: d.revoke},
				{Name: "growbin rotate-key", Do: d.rotateKey},
				{Name: "growbin release", Do: d.release},
				{Name: "growbin roll --force", Do: d.force},
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
	if d.growbin, err = installGrowbin(ctx, d.Rehearsal, nil); err != nil {
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
		client, err := d.client(ctx, c.args...)
		if err != nil {
			return err
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

// client uses the kubeconfig that growbin prints.
func (d *commandDrill) client(ctx context.Context, args ...string) (kubernetes.Interface, error) {
	text, err := d.growbin.run(ctx, append([]string{"kubeconfig"}, args...)...)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the kubeconfig: %w", err)
	}
	return client, nil
}

// readsSecrets reports whether a client may read Secrets; an error is that of anything but a refusal.
func readsSecrets(ctx context.Context, client kubernetes.Interface) (bool, error) {
	_, err := client.CoreV1().Secrets(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return false, nil
	}
	return err == nil, err
}

// revoke takes the rights from the administrator's kubeconfig, as a person who rolls may and the workflow drift may not. The audit log
// must name the attempt to use it.
func (d *commandDrill) revoke(ctx context.Context) error {
	leaked, err := d.client(ctx, "--admin")
	if err != nil {
		return err
	}
	out, err := d.growbin.as(ctx, iampolicy.Verifier, "revoke", string(kubeadm.Admin))
	refused := err != nil && strings.Contains(out, "AccessDeniedException")
	d.Compare("the verifier revokes a kubeconfig", false, !refused, refused)
	before, err := readsSecrets(ctx, leaked)
	if err != nil {
		return err
	}
	if _, err := d.growbin.as(ctx, iampolicy.Roller, "revoke", string(kubeadm.Admin)); err != nil {
		return err
	}
	after, err := readsSecrets(ctx, leaked)
	for end := time.Now().Add(rehearsal.Patience); err == nil && after && time.Now().Before(end); after, err = readsSecrets(ctx, leaked) {
		time.Sleep(100 * time.Millisecond) // until the API server has the new binding
	}
	if err != nil {
		return err
	}
	d.Compare("an administrator's kubeconfig from before reads Secrets", before, after, before && !after)
	renewed, err := d.client(ctx, "--admin")
	if err != nil {
		return err
	}
	reads, err := readsSecrets(ctx, renewed)
	if err != nil {
		return err
	}
	d.Compare("the one from after growbin revoke does", true, reads, reads)
	event := fmt.Sprintf(" 403 growbin-%s-%s list %s/secrets ", d.Options.Stack, kubeadm.Admin, stacks.ReleaseNamespace)
	if out, err = d.growbin.as(ctx, iampolicy.Roller, "audit", "--find", fmt.Sprintf("growbin-%s-%s list", d.Options.Stack, kubeadm.Admin)); err != nil {
		return err
	}
	d.Compare("growbin audit names the refused request", true, strings.Contains(out, event), strings.Contains(out, event))
	return nil
}

// rotateKey replaces the key of Secrets, and saves etcd through Run Command.
func (d *commandDrill) rotateKey(ctx context.Context) error {
	parameter := kubeadm.EncryptionParameter("growbin-" + d.Options.Stack)
	before, err := d.Cloud.Parameter(parameter)
	if err != nil {
		return err
	}
	saved, err := d.backups()
	if err != nil {
		return err
	}
	if _, err := d.growbin.as(ctx, iampolicy.Roller, "rotate-key"); err != nil {
		return err
	}
	after, err := d.Cloud.Parameter(parameter)
	if err != nil {
		return err
	}
	d.Compare("the key of Secrets is another one", true, before != after, before != after)
	now, err := d.backups()
	d.Compare("backups of etcd after growbin rotate-key", saved, now, now == saved+1)
	return err
}

// backups counts the backups in the bucket.
func (d *commandDrill) backups() (int, error) {
	machine, err := d.Cloud.Machine(d.Design.ControlPlane)
	if err != nil {
		return 0, err
	}
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return 0, fmt.Errorf("read the user data of the control plane: %w", err)
	}
	keys, err := d.Cloud.ListObjects(node.BackupBucket, kubeadm.BackupHistory)
	return len(keys), err
}

// force rolls a node that nothing has changed about, as after a failure of its hardware.
func (d *commandDrill) force(ctx context.Context) error {
	before, err := d.Cloud.Machine(forcedNode)
	if err != nil {
		return err
	}
	if _, err := d.growbin.as(ctx, iampolicy.Roller, "roll", "--force", forcedNode, "--yes"); err != nil {
		return err
	}
	after, err := d.Cloud.Machine(forcedNode)
	if err != nil {
		return err
	}
	d.Compare("instance of "+forcedNode, before.ID, after.ID, before.ID != after.ID)
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
	listed := lists(out, commandTag)
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
