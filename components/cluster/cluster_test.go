package cluster_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

const (
	zoneA, zoneB = "ap-northeast-2a", "ap-northeast-2b"
	instanceType = "aws:ec2/instance:Instance"
)

// validArgs describe a control plane and a worker with no more than the required fields.
func validArgs() *cluster.ClusterArgs {
	return &cluster.ClusterArgs{
		Network:      network.VpcArgs{Region: "ap-northeast-2", Zones: []string{zoneA, zoneB}},
		APIServerURL: "https://127.0.0.1:6443",
		Nodes: []cluster.Node{
			{Name: "cp", Role: cluster.RoleControlPlane},
			{Name: "w", Zone: zoneB},
		},
		PollInterval: time.Millisecond, BootTimeout: time.Minute,
	}
}

// world is a simulated AWS account after a deployment.
type world struct {
	cloud *awssim.Cloud
	mocks *mocks.Mocks

	mu     sync.Mutex
	joined map[string]string
	url    string
}

// deploy creates the cluster called dev with its provider and platform in a simulated AWS account.
func deploy(t *testing.T, args *cluster.ClusterArgs) (*world, error) {
	t.Helper()
	w := &world{joined: map[string]string{}}
	w.cloud = awssim.New(awssim.Options{Boot: fakeboot.New(func(machine string, err error) {
		t.Errorf("%s does not boot: %v", machine, err)
	})})
	t.Cleanup(w.cloud.Close)
	w.mocks = mocks.New(w.cloud)
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		c, err := cluster.NewCluster(ctx, "dev", args)
		if err != nil {
			return err
		}
		assert.True(t, pulumi.IsSecret(c.Kubeconfig), "the kubeconfig holds an administrator's key")
		for name := range c.Instances {
			c.Joined(name).ApplyT(func(id string) string {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.joined[name] = id
				return id
			})
		}
		// The program waits for outputs of resources only, so the URL is read together with one.
		pulumi.All(c.APIServerURL, c.VpcID).ApplyT(func(all []any) string {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.url = all[0].(string)
			return w.url
		})
		provider, err := c.NewKubernetesProvider(ctx, "dev")
		if err != nil {
			return err
		}
		_, err = cluster.NewPlatform(ctx, "dev", &cluster.PlatformArgs{Cluster: c}, c.Contents(provider))
		return err
	}, pulumi.WithMocks("project", "stack", w.mocks))
	return w, err
}

func TestNewCluster_Defaults(t *testing.T) {
	w, err := deploy(t, validArgs())
	require.NoError(t, err)
	for name, zone := range map[string]string{"cp": zoneA, "w": zoneB} {
		machine, err := w.cloud.Machine(name)
		require.NoError(t, err)
		assert.Equal(t, zone, machine.Zone)
		assert.Equal(t, cluster.DefaultInstanceType, machine.InstanceType)
		assert.Equal(t, machine.ID, w.joined[name])
		node, err := userdata.ParseNode(machine.UserData)
		require.NoError(t, err)
		assert.Equal(t, cluster.DefaultKubernetesVersion, node.KubernetesVersion)
		assert.Equal(t, cluster.DefaultMaxPods, node.MaxPods)
	}
	provider := w.mocks.Only(t, "pulumi:providers:kubernetes")
	assert.Equal(t, "dev", provider.Value("clusterIdentifier"), "a renewed kubeconfig would replace everything")
	controlPlane, err := w.cloud.Machine("cp")
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.10", controlPlane.PrivateIP)
	reservation := w.mocks.Only(t, "aws:ec2/subnetCidrReservation:SubnetCidrReservation")
	assert.Equal(t, "10.0.0.10/32", reservation.Value("cidrBlock"), "no other machine gets it")
	assert.Equal(t, "https://127.0.0.1:6443", w.url)
}

func TestNewCluster_SecureByDefault(t *testing.T) {
	w, err := deploy(t, validArgs())
	require.NoError(t, err)
	for _, port := range []int{ports.SSH, ports.APIServer, ports.Kubelet} {
		assert.Error(t, w.cloud.Reach(awssim.Internet, "cp", "tcp", port), "port %d", port)
	}
	assert.NoError(t, w.cloud.Reach("w", "cp", "tcp", ports.APIServer))
	assert.NoError(t, w.cloud.Reach("cp", "w", "udp", ports.VXLAN))
	for _, r := range w.mocks.OfType(instanceType) {
		options := r.Inputs["metadataOptions"].ObjectValue()
		assert.Equal(t, "required", options["httpTokens"].StringValue(), r.Name)
		assert.EqualValues(t, 1, options["httpPutResponseHopLimit"].NumberValue(), r.Name)
		assert.Contains(t, r.IgnoreChanges, "userDataBase64", r.Name)
	}
}

// AWS takes a minute to accept a lifecycle rule, and no machine needs it to boot.
func TestNewCluster_InstancesDoNotAwaitLifecycleRules(t *testing.T) {
	w, err := deploy(t, validArgs())
	require.NoError(t, err)
	for _, r := range w.mocks.OfType("kubeadm-aws:instance:Instance") {
		dependencies := strings.Join(r.Dependencies, " ")
		assert.NotContains(t, dependencies, "aws:s3/bucketLifecycle", r.Name)
		for _, needed := range []string{
			"aws:s3/bucketPolicy", "aws:s3/bucketVersioning", "aws:s3/bucketServerSideEncryption", "aws:ec2/route:Route",
			"aws:vpc/securityGroupIngressRule", "aws:iam/rolePolicy:RolePolicy", "aws:ssm/parameter:Parameter",
		} {
			assert.Contains(t, dependencies, needed, r.Name)
		}
	}
}

func TestNewCluster_DirectAccess(t *testing.T) {
	args := validArgs()
	args.APIServerURL, args.AdminCIDRs = "", []string{"192.0.2.7/32"}
	w, err := deploy(t, args)
	require.NoError(t, err)
	controlPlane, err := w.cloud.Machine("cp")
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("https://%s:6443", controlPlane.PublicIP), w.url)
}

func TestNewCluster_NodeOptions(t *testing.T) {
	args := validArgs()
	args.DeletionProtection = true
	args.Nodes[1].Unprotected, args.Nodes[1].Roll, args.Nodes[1].DataGiB = true, true, 5
	w, err := deploy(t, args)
	require.NoError(t, err)
	controlPlane, _ := w.mocks.Named(instanceType, "cp")
	worker, _ := w.mocks.Named(instanceType, "w")
	assert.True(t, controlPlane.Inputs["disableApiTermination"].BoolValue())
	assert.False(t, worker.Inputs["disableApiTermination"].BoolValue())
	assert.Empty(t, worker.IgnoreChanges)
	assert.EqualValues(t, 1, worker.Inputs["metadataOptions"].ObjectValue()["httpPutResponseHopLimit"].NumberValue())
	volume, found := w.mocks.Named("aws:ebs/volume:Volume", "w-data")
	require.True(t, found)
	assert.True(t, *volume.Protect, "data stays protected")
}

func TestNewCluster_ResourcesDescendFromComponents(t *testing.T) {
	w, err := deploy(t, validArgs())
	require.NoError(t, err)
	components := map[string]bool{}
	for _, r := range w.mocks.All() {
		if !r.Custom && r.Type != string(resource.RootStackType) {
			components[r.URN] = true
		}
	}
	for _, r := range w.mocks.All() {
		if strings.HasPrefix(r.Type, "aws:") {
			assert.Contains(t, r.Parent, "kubeadm-aws:cluster:Cluster$", "%s %s", r.Type, r.Name)
		}
		if strings.HasPrefix(r.Type, "kubernetes:") {
			assert.Contains(t, r.Parent, "kubeadm-aws:cluster:Platform$", "%s %s", r.Type, r.Name)
		}
		if r.Custom && !strings.HasPrefix(r.Type, "pulumi:providers:") {
			assert.True(t, components[r.Parent], "%s %s has parent %s", r.Type, r.Name, r.Parent)
		}
	}
}

func TestNewCluster_InvalidArgs(t *testing.T) {
	for want, change := range map[string]func(*cluster.ClusterArgs){
		`Network.Region: not set, must`:                       func(a *cluster.ClusterArgs) { a.Network.Region = "" },
		`Nodes: 0 must hold exactly one`:                      func(a *cluster.ClusterArgs) { a.Nodes[0].Role = "api" },
		`Nodes: 2 must hold exactly one`:                      func(a *cluster.ClusterArgs) { a.Nodes[1].Role = cluster.RoleControlPlane },
		`Nodes: "cp" must be the name of one node only`:       func(a *cluster.ClusterArgs) { a.Nodes[1].Name = "cp" },
		`Nodes[w].Zone: "us-east-1a" must be one of`:          func(a *cluster.ClusterArgs) { a.Nodes[1].Zone = "us-east-1a" },
		`Nodes[w].InstanceType: "t3.huge" must be one of`:     func(a *cluster.ClusterArgs) { a.Nodes[1].InstanceType = "t3.huge" },
		`Nodes[w].RootGiB: 4 must be`:                         func(a *cluster.ClusterArgs) { a.Nodes[1].RootGiB = 4 },
		`Nodes[w].Taints: "-" must be a taint key`:            func(a *cluster.ClusterArgs) { a.Nodes[1].Taints = []corev1.Taint{{Key: "-", Effect: "NoSchedule"}} },
		`node name: "W_1" must be a DNS label`:                func(a *cluster.ClusterArgs) { a.Nodes[1].Name = "W_1" },
		`AdminCIDRs: "0.0.0.0/0" must be your own`:            func(a *cluster.ClusterArgs) { a.AdminCIDRs = []string{"0.0.0.0/0"} },
		`AdminCIDRs: "here" must be an IPv4 range`:            func(a *cluster.ClusterArgs) { a.AdminCIDRs = []string{"here"} },
		`APIServerURL: not set, must be`:                      func(a *cluster.ClusterArgs) { a.APIServerURL = "" },
		`APIServerURL: "http://x" must be an https URL`:       func(a *cluster.ClusterArgs) { a.APIServerURL = "http://x" },
		`PrivateNodes: true must come with`:                   func(a *cluster.ClusterArgs) { a.PrivateNodes = true },
		`MonitoringGroups: "spies" must be one of`:            func(a *cluster.ClusterArgs) { a.MonitoringGroups = []string{"spies"} },
		`Nodes[w].Groups: "spies" must be one of MoreGroups`:  func(a *cluster.ClusterArgs) { a.Nodes[1].Groups = []string{"spies"} },
		`BackupKeepDays: -1 must be`:                          func(a *cluster.ClusterArgs) { a.BackupKeepDays = -1 },
		`KubernetesVersion: "1.2" must be`:                    func(a *cluster.ClusterArgs) { a.KubernetesVersion = "1.2" },
		`PodCIDR: "10.0.0.0/16" must not contain the address`: func(a *cluster.ClusterArgs) { a.PodCIDR = "10.0.0.0/16" },
	} {
		t.Run(want, func(t *testing.T) {
			args := validArgs()
			change(args)
			w, err := deploy(t, args)
			require.ErrorContains(t, err, "cluster dev:\n")
			require.ErrorContains(t, err, want)
			assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"), "nothing is created")
		})
	}
	_, err := deploy(t, nil)
	require.ErrorContains(t, err, "Network.Zones: not set")
}

func TestUserData_UnknownNode(t *testing.T) {
	_, err := validArgs().UserData("dev", "other", cluster.Buckets{})
	require.ErrorContains(t, err, `"other"`)
}

func TestNewPlatform_ClusterNotSet(t *testing.T) {
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := cluster.NewPlatform(ctx, "dev", nil)
		return err
	}, pulumi.WithMocks("project", "stack", mocks.New(awssim.New(awssim.Options{}))))
	require.ErrorContains(t, err, "Cluster: not set")
}

// While the API server is away, nothing takes a replica beside it out of the service.
func TestUserData_CoreDNSNotOnTheControlPlane(t *testing.T) {
	args := validArgs()
	may := func() string {
		encoded, err := args.UserData("dev", "cp", cluster.Buckets{Backups: "backups", Issuer: "issuer"})
		require.NoError(t, err)
		document, err := userdata.Decode(encoded)
		require.NoError(t, err)
		patch, err := document.File(userdata.CoreDNSPatchPath)
		require.NoError(t, err)
		return patch
	}
	assert.Contains(t, may(), "- w\n")
	assert.NotContains(t, may(), "- cp\n")
	args.Nodes = args.Nodes[:1]
	assert.Contains(t, may(), "- cp\n", "a cluster of one node")
}
