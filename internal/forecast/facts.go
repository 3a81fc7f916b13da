package forecast

// Sources that several figures share.
const (
	providerWaits = "terraform-provider-aws 5.100 (which pulumi-aws 6.83 wraps), internal/service/ec2/wait.go"
	coldBoot      = "brevdev/ec2-coldboot-research, plan and results (2025): 25.8 s from RunInstances to SSH, 19 % API call, 69 % pending to running, 12 % boot to SSH; the same for t3 and newer families"
	noble         = "apt-get update on noble in EC2, wazuh/wazuh issues 30869 and 36122 (2025)"
	kubeletLoops  = "kubelet source: updateRuntimeUp every 5 s; on average half of it"
)

// The engine and the program.
var (
	parallelism = int(documented("resources at once", 16, "", "pulumi up --help, version 3.258.0: four per processor (8 shown on two), 16 on four and more"))
	startUp     = assumed("pulumi up to the first resource", 12, "s", "program built before; 3.1 s preview in the rehearsal (docs/performance.md), plus starting two programs and three plugins, and three lookups")
)

// AWS resources, from the request to the provider's answer.
var (
	apiCall        = assumed("one AWS call and its read-back", 1.5, "s", "create and describe, 0.3 to 1 s each")
	providerDelay  = documented("provider's pause before it first looks at a changed VPC or subnet attribute, a new volume or attachment", 10, "s", providerWaits+": Delay 10 s")
	endpointDelay  = documented("the same for a VPC endpoint", 5, "s", providerWaits+": Delay 5 s")
	securityRule   = documented("a security group or one of its rules", 3, "s", "terraform apply of hashicorp-education/learn-terraform-variables, pull request 6: 2 to 5 s")
	iamVisible     = assumed("a new instance profile until EC2 accepts it", 8, "s", "IAM is eventually consistent (IAM User Guide, troubleshooting); the provider repeats RunInstances meanwhile")
	launch         = documented("RunInstances to running", 22.7, "s", coldBoot)
	noticed        = documented("running until the provider sees it", 1.5, "s", providerWaits+": looks every 3 s; on average half of it")
	attached       = assumed("AttachVolume until the disk is seen", 2, "s", "EBS User Guide: attaching takes seconds")
	randomResource = assumed("a random value", 0.1, "s", "made by the plugin, no network")
)

// Machines.
var (
	bootTime        = documented("kernel start to cloud-init's last stage", 20, "s", "console log in dask/dask-cloudprovider issue 345 (2022): apt of cloud-init begins at 19.2 s")
	statusReport    = assumed("reporting a step", 0.8, "s", "two calls of the metadata service and one of SSM, three starts of Python")
	hostStep        = assumed("step host", 0.5, "s", "two modules, one sysctl")
	listsFull       = documented("package lists of all components", 36, "MB", noble+": sum of all lists")
	listsOwn        = assumed("package lists of the two repositories that the scripts add", 0.2, "MB", "one minor of Kubernetes, Docker's packages of one suite")
	listsRead       = assumed("reading package lists", 0.15, "s/MB", "apt writes and indexes them; one core")
	aptLock         = assumed("waiting for apt-daily, which also runs on a first boot", 10, "s", "its timer is persistent and its last run in a new image is old; it holds the locks while it fetches all lists")
	aptTurn         = assumed("one apt-get beside bytes", 2.5, "s", "reading lists, solving, dpkg triggers")
	signingKeys     = assumed("both signing keys", 0.7, "s", "fetched at the same time")
	runtimePackages = assumed("containerd.io, kubeadm and cri-tools", 52, "MB", "23 + 13 + 16, sizes of the packages of lines 2.2 and 1.3x")
	kubeletPackages = assumed("kubelet and kubernetes-cni", 52, "MB", "13 + 39")
	kubectlPackage  = assumed("kubectl", 12, "MB", "the package of line 1.3x")
	dpkgRate        = assumed("dpkg unpacks", 30, "MB/s", "compressed bytes; one core decompresses")
	containerdStep  = assumed("configuring and restarting containerd", 1.5, "s", "its CRI answers within a second of its start")
	diskStep        = assumed("formatting and mounting the data disk", 2, "s", "ext4 initialises its tables later")
	download        = assumed("download of packages and images, per machine", 40, "MB/s", "from CDNs; T3 has 128, 256 and 512 Mbit/s of baseline and up to 5 Gbit/s of burst (EC2 User Guide, network specifications), this is 320 Mbit/s")
	pullLatency     = assumed("image pull beside bytes", 1.5, "s", "token, manifest and configuration from the registry")
	unpackRate      = documented("unpacked image bytes onto disk", 125, "MB/s", "gp3's baseline throughput (EBS User Guide, general purpose volumes)")
	lazyRate        = documented("first read of a volume made from a snapshot", 17, "MB/s", "ldoughty.com, December 2018: 1 minute per GB; AWS gives no figure (EBS User Guide, initialize volumes)")
	warmRate        = documented("the same for many readers at once", 130, "MB/s", "repost.aws, speeding up large EBS volume initialization (gp3): 130 to 140 MB/s")
	readShare       = assumed("share of its compressed size that a program has read when it serves", 0.5, "", "pages are read as they are needed")
	pollAverage     = 0.5 // of an interval, what one waits on average for the next look
)

// Kubernetes.
var (
	restoreStep     = assumed("step restore on a first start", 1, "s", "one listing of a bucket")
	initPreflight   = assumed("kubeadm init up to the static pods", 3.5, "s", "checks, elliptic-curve certificates, kubeconfigs, kubelet started")
	initHealthy     = documented("static pods written until the control plane is healthy", 12, "s", "logs in kubernetes/kubernetes pull request 117984 (2023): 24 to 28 s before it, up to 20 s of them saved by it")
	initRest        = assumed("kubeadm init after that", 4, "s", "configuration uploaded, CoreDNS and kube-proxy applied")
	joinData        = assumed("step renew-join", 2, "s", "a token and one SSM call")
	publishStep     = assumed("step publish", 1.5, "s", "a certificate and one SSM call")
	joinTime        = assumed("kubeadm join", 8, "s", "discovery, kubelet started, TLS bootstrap")
	k8sCall         = assumed("one object through Pulumi", 0.4, "s", "server-side apply of one object and its read-back, from outside the region")
	providerStart   = assumed("the Kubernetes provider's first connection", 2, "s", "discovery of the API")
	chartFetch      = assumed("fetching a Helm chart", 2, "s", "index and archive from its repository")
	chartApply      = assumed("applying a chart's objects", 3, "s", "some 30 objects, one after another")
	podStart        = assumed("a pod's sandbox and container", 1.5, "s", "once its images are there")
	extraPod        = assumed("each further pod of a workload on a machine", 0.4, "s", "containers start side by side")
	initContainer   = assumed("an init container", 1, "s", "its start, for those that only copy files")
	operatorTurn    = assumed("Calico's operator until it has made calico-node", 10, "s", "leader election, then its first reconciliation")
	networkNoticed  = documented("CNI configuration until kubelet sees it", 2.5, "s", kubeletLoops)
	nodeReadyToPods = assumed("node ready until its pods are bound", 0.5, "s", "the taint is taken off, the scheduler tries again")
)
