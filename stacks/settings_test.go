package stacks

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/stackfile"
)

var allStacks = []string{"dev", "prod"}

func TestSettingsOfBothStacksAreValid(t *testing.T) {
	for _, stack := range allStacks {
		settings, err := decode(t, stack, nil)
		require.NoError(t, err, stack)
		assert.Equal(t, "growbin-"+stack, settings.ClusterName())
		assert.Len(t, settings.Nodes, len(topology))
	}
}

func TestEverySettingIsDescribedAndTyped(t *testing.T) {
	project, err := stackfile.ReadProject("..")
	require.NoError(t, err)
	assert.Equal(t, ConfigPrefix, project.Name+":")
	assert.NotEmpty(t, project.Config)
	for key, setting := range project.Config {
		assert.NotEmpty(t, setting.Description, key)
		assert.Contains(t, []string{"string", "integer", "boolean", "array"}, setting.Type, key)
	}
}

func TestWrongSettingsAreNamedWithWhatIsRight(t *testing.T) {
	cases := map[string]struct {
		overrides map[string]string
		message   string
	}{
		"region":                  {map[string]string{"region": "Seoul"}, `growbin:region is "Seoul"; give an AWS region such as ap-northeast-2`},
		"two zones":               {map[string]string{"availabilityZones": `["ap-northeast-2a","ap-northeast-2b"]`}, `growbin:availabilityZones is ["ap-northeast-2a" "ap-northeast-2b"]; give exactly 3 zones`},
		"zone twice":              {map[string]string{"availabilityZones": `["ap-northeast-2a","ap-northeast-2a","ap-northeast-2b"]`}, `growbin:availabilityZones is "ap-northeast-2a"; name each zone once`},
		"zone elsewhere":          {map[string]string{"availabilityZones": `["us-east-1a","ap-northeast-2a","ap-northeast-2b"]`}, `growbin:availabilityZones is "us-east-1a"; give a zone of region ap-northeast-2`},
		"zones not a list":        {map[string]string{"availabilityZones": `ap-northeast-2a`}, `growbin:availabilityZones is "ap-northeast-2a"; give a list of texts`},
		"vpc range":               {map[string]string{"vpcCidr": "10.0.0.0"}, `growbin:vpcCidr is "10.0.0.0"; must be an IPv4 range`},
		"vpc too large":           {map[string]string{"vpcCidr": "10.0.0.0/8"}, `growbin:vpcCidr is "10.0.0.0/8"; must be /16 to /28`},
		"subnet outside":          {map[string]string{"publicSubnetCidrs": `["10.9.1.0/24","10.0.2.0/24","10.0.3.0/24"]`, "vpcCidr": "10.0.0.0/16"}, `growbin:publicSubnetCidrs is "10.9.1.0/24"; must lie inside the VPC's range 10.0.0.0/16`},
		"subnets overlap":         {map[string]string{"publicSubnetCidrs": `["10.0.0.0/22","10.0.2.0/24","10.0.5.0/24"]`, "vpcCidr": "10.0.0.0/16"}, `growbin:publicSubnetCidrs is "10.0.2.0/24"; must not overlap 10.0.0.0/22`},
		"two subnets":             {map[string]string{"publicSubnetCidrs": `["10.0.1.0/24","10.0.2.0/24"]`}, `must hold one range for each of the 3 zones`},
		"nat without private":     {map[string]string{"natGateways": "single"}, `growbin:natGateways is "single"; must be none`},
		"nat mode":                {map[string]string{"natGateways": "many"}, `growbin:natGateways is "many"; must be one of none, single, perAz`},
		"pods overlap vpc":        {map[string]string{"podCidr": "10.0.0.0/8"}, `growbin:podCidr is "10.0.0.0/8"; it overlaps growbin:vpcCidr`},
		"services overlap pods":   {map[string]string{"serviceCidr": "192.168.4.0/22"}, `growbin:serviceCidr is "192.168.4.0/22"; it overlaps growbin:podCidr 192.168.0.0/16`},
		"admin from everywhere":   {map[string]string{"adminCidrs": `["0.0.0.0/0"]`}, `growbin:adminCidrs is "0.0.0.0/0"; that is most of the internet`},
		"admin not a range":       {map[string]string{"adminCidrs": `["my-laptop"]`}, `growbin:adminCidrs is "my-laptop"; give an IPv4 range`},
		"direct without admin":    {map[string]string{"apiAccess": "direct"}, `growbin:adminCidrs is []; apiAccess direct needs the address you connect from`},
		"access":                  {map[string]string{"apiAccess": "vpn"}, `growbin:apiAccess is "vpn"; use one of direct, sessionManager`},
		"tunnel port":             {map[string]string{"apiTunnelPort": "70000"}, `growbin:apiTunnelPort is 70000; give a port from 1 to 65535`},
		"tunnel port not number":  {map[string]string{"apiTunnelPort": "high"}, `growbin:apiTunnelPort is "high"; give a whole number`},
		"private without nat":     {map[string]string{"nodeSubnets": "private"}, `growbin:nodeSubnets is "private"; set privateSubnetCidrs and natGateways too`},
		"version":                 {map[string]string{"kubernetesVersion": "v1.36"}, `growbin:kubernetesVersion is "v1.36"; give a full version such as 1.36.3`},
		"minor":                   {map[string]string{"kubernetesVersion": "1.28.4"}, `growbin:kubernetesVersion is "1.28.4"`},
		"machine image":           {map[string]string{"machineImage": "ubuntu"}, `growbin:machineImage is "ubuntu"; give an image of this account such as ami-0123456789abcdef0`},
		"roll":                    {map[string]string{"rollNodes": `["k8s-worker-1"]`}, `growbin:rollNodes is "k8s-worker-1"; no node is named "k8s-worker-1"; use one of k8s-master`},
		"surge":                   {map[string]string{"surgeNodes": `["k8s-redis"]`}, `growbin:surgeNodes is "k8s-redis"; it keeps data`},
		"surge of control plane":  {map[string]string{"surgeNodes": `["k8s-master"]`}, `growbin:surgeNodes is "k8s-master"; it keeps data`},
		"surge of nobody":         {map[string]string{"surgeNodes": `["k8s-worker-1"]`}, `growbin:surgeNodes is "k8s-worker-1"; no node is named`},
		"unprotected":             {map[string]string{"unprotectedNodes": `["k8s-worker-1"]`}, `growbin:unprotectedNodes is "k8s-worker-1"; no node is named`},
		"type":                    {map[string]string{"instanceTypes": `["k8s-redis=t3.tiny"]`}, `growbin:instanceTypes, node k8s-redis: instance type: "t3.tiny" must be one of c6i.large`},
		"type of nobody":          {map[string]string{"instanceTypes": `["k8s-cache=t3.small"]`}, `growbin:instanceTypes names node "k8s-cache"; use one of k8s-master`},
		"type entry":              {map[string]string{"instanceTypes": `["k8s-redis"]`}, `growbin:instanceTypes is "k8s-redis"; give each entry as name=value`},
		"boot timeout":            {map[string]string{"bootTimeoutMinutes": "0"}, `growbin:bootTimeoutMinutes is 0; give at least 1`},
		"protection":              {map[string]string{"deletionProtection": "yes"}, `growbin:deletionProtection is "yes"; use true or false`},
		"registry":                {map[string]string{"imageRegistry": "https://ghcr.io/growbin"}, `growbin:imageRegistry is "https://ghcr.io/growbin"; give a registry and path`},
		"tag":                     {map[string]string{"imageTag": "latest"}, `growbin:imageTag is "latest"; name a version`},
		"tag missing":             {map[string]string{"imageTag": "-"}, `growbin:imageTag is missing; set it with: pulumi config set growbin:imageTag VALUE`},
		"tag of nobody":           {map[string]string{"imageTags": `["wast-api=1.0.0"]`}, `growbin:imageTags is "wast-api"; use one of waste-api`},
		"log level":               {map[string]string{"logLevel": "loud"}, `growbin:logLevel is "loud"; use one of debug, info, warning, error`},
		"openai key":              {map[string]string{"openaiApiKey": "-"}, `growbin:openaiApiKey is missing; set a key of the OpenAI API with: pulumi config set --secret growbin:openaiApiKey`},
		"openai key in clear":     {map[string]string{"openaiApiKey": "in the clear"}, `growbin:openaiApiKey is not encrypted; replace it`},
		"backups":                 {map[string]string{"backupKeepDays": "0"}, `growbin:backupKeepDays is 0; Backup.KeepDays is 0`},
		"etcd backups":            {map[string]string{"etcdBackupKeepDays": "0"}, `growbin:etcdBackupKeepDays is 0; give at least 1`},
		"backups beyond the disk": {map[string]string{"backupKeepDays": "60"}, `growbin:backupKeepDays is 60; Storage.SizeGiB is 40, of which 38.0 can be used`},
		"alerts without address":  {map[string]string{"alertReceiver": "webhook"}, `growbin:alertUrl is missing`},
		"alert channel":           {map[string]string{"alertReceiver": "slack"}, `growbin:alertChannel is ""; give a Slack channel such as #alerts`},
		"root without repository": {map[string]string{"gitPath": "clusters/dev"}, `growbin:gitRepository is ""; give the repository that gitPath is in`},
		"registry password":       {map[string]string{"registryUsername": "robot"}, `growbin:registryPassword is missing`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, "prod", c.overrides)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.message)
		})
	}
}

func TestAllWrongSettingsAreReportedTogether(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{
		"region": "Seoul", "imageTag": "latest", "openaiApiKey": "-", "kakaoApiKey": "-", "podCidr": "x", "logLevel": "loud",
	})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "nothing was created")
	for _, key := range []string{"region", "imageTag", "openaiApiKey", "kakaoApiKey", "podCidr", "logLevel"} {
		assert.Contains(t, err.Error(), "growbin:"+key)
	}
}

func TestSecretsAreNotQuotedInErrors(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{"openaiApiKey": "sk-very-secret", "region": "Seoul"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "sk-very-secret")
}

func TestImageTagsOverrideTheStacksTag(t *testing.T) {
	settings, err := decode(t, "dev", map[string]string{"imageTag": "2.0.0", "imageTags": `["auth-api=2.0.1"]`})
	require.NoError(t, err)
	assert.Equal(t, "ghcr.io/growbin/auth-api:2.0.1", settings.Image("auth-api"))
	assert.Equal(t, "ghcr.io/growbin/waste-api:2.0.0", settings.Image("waste-api"))
}

// FuzzDecodeSettings looks for settings that make decoding panic, or that it accepts though they break the topology.
func FuzzDecodeSettings(f *testing.F) {
	f.Add("instanceTypes", `["k8s-redis=t3.medium"]`)
	f.Add("publicSubnetCidrs", `["10.0.0.0/24","::/0","10.0.1.0/33"]`)
	f.Add("vpcCidr", "10.0.0.0/16")
	f.Add("availabilityZones", `["a",null,3]`)
	f.Add("imageTags", `["=","a=b=c"]`)
	f.Add("rollNodes", `[""]`)
	f.Add("apiTunnelPort", "-1")
	base := readConfig(f, "prod", nil)
	f.Fuzz(func(t *testing.T, key, value string) {
		get := func(wanted string) (string, bool) {
			if wanted == key {
				return value, true
			}
			known, ok := base[wanted]
			return known, ok
		}
		settings, err := DecodeSettings("prod", Source{Get: get, IsSecret: func(string) bool { return true }})
		if err != nil {
			if !strings.Contains(err.Error(), ConfigPrefix) {
				t.Errorf("the error names no setting: %v", err)
			}
			return
		}
		if totals := Sum(settings.Nodes); totals.Nodes != len(topology) || totals.VCPU < totals.Nodes {
			t.Errorf("%s=%q gave totals %+v", key, value, totals)
		}
		if _, err := settings.clusterArgs(pulumi.String("images")).ControlPlaneIP(); err != nil && !json.Valid([]byte(value)) {
			t.Errorf("%s=%q: %v", key, value, err)
		}
	})
}
