package stacks

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// settingMoves has each setting once, with another value than that of stack dev, and the types of the resources whose
// registration must change with it, with their number; "outputs" are stack outputs. A Stash, built-with*, holds the values that
// a live stack cannot change.
var settingMoves = []struct {
	key, value string
	// with are settings that the value needs.
	with map[string]string
	want string
}{
	{"availabilityZones", `["ap-northeast-2b","ap-northeast-2a","ap-northeast-2c"]`, nil, "Instance 6, LoadBalancer 1, Stash 2, Subnet 2, SubnetCidrReservation 1, Volume 3, outputs 2"},
	{"vpcCidr", "10.1.0.0/17", nil, "NetworkPolicy 14, Stash 1, Vpc 1"},
	{"publicSubnetCidrs", `["10.1.4.0/24","10.1.2.0/24","10.1.3.0/24"]`, nil, "Instance 1, NetworkPolicy 3, Stash 1, Subnet 1, SubnetCidrReservation 2, outputs 1"},
	{"privateSubnetCidrs", `["10.1.11.0/24","10.1.12.0/24","10.1.13.0/24"]`, nil, "RouteTable 3, RouteTableAssociation 3, Subnet 3, VpcEndpoint 1"},
	{"natGateways", "single", map[string]string{"monthlyBudget": "600", "privateSubnetCidrs": `["10.1.11.0/24","10.1.12.0/24","10.1.13.0/24"]`}, "Eip 1, NatGateway 1, Route 3"},
	{"nodeSubnets", "private", map[string]string{"monthlyBudget": "600", "natGateways": "single", "privateSubnetCidrs": `["10.1.11.0/24","10.1.12.0/24","10.1.13.0/24"]`}, "Eip 1, EipAssociation 1, Instance 9, NetworkPolicy 3, Stash 1, SubnetCidrReservation 2, outputs 2"},
	{"podCidr", "172.20.0.0/16", nil, "Installation 1, Instance 1, NetworkPolicy 12, Stash 1"},
	{"serviceCidr", "172.21.0.0/16", nil, "Instance 1, NetworkPolicy 9, Stash 1"},
	{"accessLogDays", "30", nil, "Bucket 1, BucketLifecycleConfigurationV2 1, BucketPolicy 1, BucketPublicAccessBlock 1, BucketServerSideEncryptionConfigurationV2 1, BucketV2 1, BucketVersioningV2 1, LoadBalancer 1"},
	{"maxRequests", "2000", nil, "WebAcl 1, WebAclAssociation 1"},
	{"flowLogDays", "30", nil, "FlowLog 1, LogGroup 1, Role 1, RolePolicy 1"},
	{"adminCidrs", `["192.0.2.7/32"]`, nil, "SecurityGroupIngressRule 1"},
	{"operators", `["arn:aws:iam::000000000000:role/operator"]`, nil, "BucketPolicy 3, Key 1"},
	{"readers", `["arn:aws:iam::000000000000:role/reader"]`, nil, "Key 1"},
	{"permissionsBoundary", boundaryARN, nil, "Role 16"},
	{"apiAccess", "direct", map[string]string{"adminCidrs": `["192.0.2.7/32"]`}, "Parameter 11, kubernetes 1, outputs 2"},
	{"apiTunnelPort", "16444", nil, "Parameter 11, kubernetes 1, outputs 2"},
	{"sshKeyName", "wiring", map[string]string{"adminCidrs": `["192.0.2.7/32"]`}, "Instance 9, SecurityGroupIngressRule 4, outputs 1"},
	{"sshKeyFile", "~/keys/team.pem", map[string]string{"sshKeyName": "wiring", "adminCidrs": `["192.0.2.7/32"]`}, "outputs 1"},
	{"domain", "growbin.app", nil, "Certificate 1, CertificateValidation 1, Listener 2, ListenerRule 6, Record 2, SecurityGroupIngressRule 1, outputs 1"},
	{"hostedZone", "growbin.app", map[string]string{"domain": "dev.growbin.app"}, "Record 2"},
	{"replaceRecords", "true", map[string]string{"domain": "growbin.app"}, "Record 1"},
	{"kubernetesVersion", "1.36.2", nil, "Instance 9, outputs 1"},
	{"packageMirrors", `["kubernetes=https://packages.example.com/k8s"]`, nil, "Instance 9"},
	{"imageMirrors", `["docker.io=https://registry.example.com/docker"]`, nil, "Instance 9"},
	{"instanceTypes", `["k8s-redis=t3.medium"]`, nil, "Instance 1, outputs 2"},
	{"moreNodes", `["k8s-worker-ai-peak=k8s-worker-ai"]`, map[string]string{"monthlyBudget": "0"},
		"ConfigMap 1, Deployment 2, Instance 2, InstanceProfile 1, Key 1, NodePatch 1, NodeRole 1, Parameter 2, ResourceQuota 2, Role 1, RolePolicy 1, Schedule 2, Stash 1, StatefulSet 1, outputs 4"},
	{"autoscale", `["waste-api=2-3"]`, nil,
		"APIService 1, ClusterRole 1, ClusterRoleBinding 2, Deployment 2, HorizontalPodAutoscaler 1, MetricsServer 1, NetworkPolicy 1, ResourceQuota 1, RoleBinding 1, Service 1, ServiceAccount 1"},
	{"buying", `["k8s-worker-ai=spot"]`, map[string]string{"sleep": "", "monthlyBudget": "0"}, "CronJob 3, Deployment 11, Instance 1"},
	{"dataDiskGiB", `["k8s-redis=20"]`, nil, "PersistentVolume 1, Volume 1, outputs 1"},
	{"rollNodes", `["k8s-redis"]`, nil, "Instance 1"},
	{"surgeNodes", `["k8s-worker-ai"]`, nil, "Instance 2, InstanceProfile 1, Key 1, NodePatch 1, NodeRole 1, Parameter 2, Role 1, RolePolicy 1, outputs 1"},
	{"unprotectedNodes", `["k8s-redis"]`, map[string]string{"deletionProtection": "true", "sleep": ""}, "Instance 1"},
	{"deletionProtection", "true", map[string]string{"sleep": ""}, "BucketV2 4, Instance 9, Key 1, LoadBalancer 1, Volume 5"},
	{"imageRegistry", "registry.example.com/growbin", nil, "CronJob 3, Deployment 11, Instance 4, ValidatingAdmissionPolicy 2"},
	{"imageTag", "2.0.0", nil, "CronJob 3, Deployment 11, Instance 4"},
	{"imageTags", `["waste-api=2.0.0"]`, nil, "CronJob 1, Deployment 1, Instance 1"},
	{"releaseRepositories", `["waste-api=growbin/waste-api"]`, nil, "Key 1, Role 1, RolePolicy 1"},
	{"registryUsername", "robot", map[string]string{"registryPassword": "robot-password"}, "CronJob 3, Deployment 11, Instance 4, Secret 2"},
	{"registryPassword", "another-password", map[string]string{"registryUsername": "robot", "registryPassword": "robot-password"}, "Secret 2"},
	{"logLevel", "warning", nil, "CronJob 3, Deployment 11"},
	{"jwtKey", "second", nil, "Secret 1"},
	{"openaiApiKey", "sk-another-key", nil, "Secret 3"},
	{"kakaoApiKey", "another-kakao-key", nil, "Secret 1"},
	{"imageOrigins", `["https://growbin.app"]`, nil, "BucketCorsConfigurationV2 1"},
	{"imageKeepDays", "365", nil, "BucketLifecycleConfigurationV2 1"},
	{"backupKeepDays", "3", nil, "CronJob 3"},
	{"dumpKeepDays", "3", nil, "BucketLifecycleConfigurationV2 1"},
	{"snapshotHours", "0", nil, "LifecyclePolicy 1, Role 1, RolePolicyAttachment 1, Snapshots 1"},
	{"snapshotKeepDays", "3", nil, "LifecyclePolicy 1"},
	{"etcdBackupKeepDays", "3", nil, "BucketLifecycleConfigurationV2 1"},
	{"alarmEmails", `["team@example.com"]`, nil, "CronJob 1, Heartbeat 1, MetricAlarm 3, NetworkPolicy 2, ResourceQuota 1, Role 2, RolePolicy 2, Schedule 2, ServiceAccount 1, StatusAlarms 1, Topic 1, TopicSubscription 1"},
	{"alertLanguage", "korean", nil, "ConfigMap 1, StatefulSet 1"},
	{"sleep", "21:00-07:00", map[string]string{"sleep": "20:00-08:00"}, "Schedule 4"},
	{"alertReceiver", "webhook", map[string]string{"alertUrl": "https://hooks.example.com/one"}, "Secret 1"},
	{"alertChannel", "#two", map[string]string{"alertReceiver": "slack", "alertChannel": "#one", "alertUrl": "https://hooks.slack.com/services/one"}, "Secret 1"},
	{"alertUrl", "https://hooks.slack.com/services/two", map[string]string{"alertReceiver": "slack", "alertChannel": "#one", "alertUrl": "https://hooks.slack.com/services/one"}, "Secret 1"},
	{"heartbeatUrl", "https://beats.example.com/two", map[string]string{"heartbeatUrl": "https://beats.example.com/one"}, "Secret 1"},
	{"gitRepository", "https://github.com/growbin/other", nil, "Secret 1"},
	{"gitToken", "github_pat_of_tests", map[string]string{"gitRepository": "https://github.com/growbin/other"}, "Secret 1"},
	{"gitDeployKey", deployKey("other"), map[string]string{"gitRepository": "git@github.com:growbin/other.git", "gitDeployKey": deployKey("one")}, "Secret 1"},
	{"gitKnownHosts", hostKey("git.example.com", "other"), map[string]string{"gitRepository": "git@git.example.com:growbin/other.git", "gitDeployKey": deployKey("one"), "gitKnownHosts": hostKey("git.example.com", "one")}, "Release 1"},
	{"gitPath", "clusters/dev", map[string]string{"gitRepository": "https://github.com/growbin/other"},
		"Application 1, Guard 1, Parameter 11, Releaser 11, Role 11, RoleBinding 11, Secret 11, ServiceAccount 11, ValidatingAdmissionPolicy 3, ValidatingAdmissionPolicyBinding 3"},
	{"gitRevision", "next", map[string]string{"gitRepository": "https://github.com/growbin/other", "gitPath": "clusters/dev"}, "Application 1"},
}

// hostKey is a line of known_hosts whose key is made of a seed.
func hostKey(host, seed string) string {
	hash := sha256.Sum256([]byte(seed))
	public := ed25519.NewKeyFromSeed(hash[:]).Public()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		panic(err)
	}
	return host + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// deployKey is a private key by its looks.
func deployKey(body string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: []byte(body)}))
}

// unmoved are settings of one update, or read by AWS before anything is created.
var unmoved = map[string]string{
	"machineImage": "TestMachineImage_Configured", "region": "TestDecodeSettings_Invalid", "bootTimeoutMinutes": "TestKubeconfig_Timeout",
	"creditSpecification": "TestCost_SavingsPlanAndCreditMode",
	"livePrices":          "TestPrices_LiveWhereTheRoleMay", "expectedLoadPercent": "TestCost_ProdByHand", "monthlyBudget": "TestBudget_RefusesWithTheGrownLines", "budgetEmails": "TestBudget_RefusesWithTheGrownLines",
	"startEmpty": "TestSnapshots_StartEmpty", "rollLocks": "TestRollLock_ExcludesOtherUpdates", "rollImage": "TestMachineImage_OfTheRoll", "unattended": "TestDecodeSettings_SomebodyIsNotified", "aiMaxCalls": "TestBudgets_CallsToTheAIAPI",
}

// keyPair imports the key pair of the table into the simulated account.
func keyPair(ctx *pulumi.Context) error {
	pair, err := ec2.NewKeyPair(ctx, "wiring", &ec2.KeyPairArgs{
		KeyName: pulumi.String("wiring"), PublicKey: pulumi.String("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
	})
	if err != nil {
		return err
	}
	created := make(chan struct{})
	pair.ID().ApplyT(func(pulumi.ID) any { close(created); return nil })
	<-created
	return nil
}

// registrations returns the inputs of all resources as JSON, by type and name, and the outputs of the stack.
func registrations(t *testing.T, overrides map[string]string) map[string]string {
	t.Helper()
	w, err := tryDeploy(t, "dev", overrides, awssim.Options{}, keyPair)
	w.cloud.Close() // its control plane would go on asking for requests to join, beside hundreds of others
	require.NoError(t, err, "%v", overrides)
	found := map[string]string{}
	for _, r := range w.mocks.All() {
		inputs, err := json.Marshal(r.Inputs.Mappable())
		require.NoError(t, err)
		protected := r.Protect != nil && *r.Protect
		found[r.Type+" "+r.Name] = fmt.Sprintf("%s protect=%t retain=%t ignore=%v", inputs, protected, r.RetainOnDelete, r.IgnoreChanges)
	}
	for name, value := range w.outputs {
		if name == "monthlyCost" {
			continue // follows from the resources
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		found["outputs "+name] = string(text)
	}
	return found
}

// moved counts the differences by type.
func moved(before, after map[string]string) string {
	counts := map[string]int{}
	for name := range before {
		if after[name] != before[name] {
			counts[typeOf(name)]++
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			counts[typeOf(name)]++
		}
	}
	var parts []string
	for kind, count := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", kind, count))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func typeOf(name string) string {
	token, _, _ := strings.Cut(name, " ")
	return token[strings.LastIndex(token, ":")+1:]
}

// knownRegistrations are those of deployments with the topology as it is, by overrides: several tests compare the same ones.
var knownRegistrations = map[string]map[string]string{}

// registrationsOnce is registrations, with each deployment made once. The result must not be changed.
func registrationsOnce(t *testing.T, overrides map[string]string) map[string]string {
	t.Helper()
	key := fmt.Sprint(overrides) // sorted by key
	if knownRegistrations[key] == nil {
		knownRegistrations[key] = registrations(t, overrides)
	}
	return knownRegistrations[key]
}

// Every setting moves something, and only that.
func TestSettings_EachMovesItsResourcesOnly(t *testing.T) {
	project, err := stackfile.ReadProject("..")
	require.NoError(t, err)
	tested := map[string]bool{}
	for _, move := range settingMoves {
		tested[ConfigPrefix+move.key] = true
		t.Run(move.key, func(t *testing.T) {
			with := map[string]string{}
			for key, value := range move.with {
				with[key] = value
			}
			before := registrationsOnce(t, with)
			with[move.key] = move.value
			assert.Equal(t, move.want, moved(before, registrationsOnce(t, with)))
		})
	}
	for key := range project.Config {
		_, left := unmoved[strings.TrimPrefix(key, ConfigPrefix)]
		assert.True(t, tested[key] || left, "%s is not in the table", key)
	}
}
