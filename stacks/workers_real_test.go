package stacks

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/growbin/cluster/components/rabbitmq"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// photos is the number that are analyzed: twice as many as image-uploader scales at once.
const photos = 16

// follow sends each photo as waste-api does, follows the results of the tasks, and prints the answers.
const follow = `
import base64, glob, json
from growbin import celery_app
app = celery_app.create()
values = [app.send_task("workers.image_uploader.upload", [base64.b64encode(open(name, "rb").read()).decode()]).id for name in sorted(glob.glob("photos/*"))]
for at, value in enumerate(values):
    while isinstance(value, str):  # the ID of the next task
        value = app.AsyncResult(value).get(timeout=180)
    values[at] = value
print("answers:", json.dumps(values))
`

// The workers of the reference application, on the software of their images, each in the memory of its container.
func TestWorkers_PhotosWithinTheirMemory(t *testing.T) {
	system, _ := realserver.InSystem(t, realserver.PythonSystem, "celery")
	if system == "" {
		t.Skip("not run: root could make the Debian system of the images")
	}
	w := deploy(t, "prod", nil)
	s := startServices(t, w)
	s.makePhotos(t)
	for _, a := range Applications() {
		if a.Migrates && a.Database != databaseAuth {
			command := s.command(t, a, migrationCommand, nil)
			command.Env = append(command.Env, "SERVICE_NAME="+a.migration())
			realserver.MustRun(t, command)
		}
	}
	cgroups := map[string]*realserver.Cgroup{}
	for _, a := range Applications() {
		if a.Kind == kindAPI {
			continue
		}
		limit := resource.MustParse(a.MemoryLimit)
		cgroups[a.Name] = realserver.NewCgroup(t, a.Name, limit.Value())
		process := realserver.Start(t, s.command(t, a, a.command("INFO"), cgroups[a.Name]))
		process.WaitFor(t, "working", 5*time.Minute, func() error {
			_, err := os.Stat(s.path(a.Name + "-alive"))
			if a.Kind == kindWorker && err == nil {
				_, err = os.Stat(s.path(a.Name + "-ready"))
			}
			return err
		})
	}
	sender := catalog[0]
	require.Equal(t, "waste-api", sender.Name)
	out, err := realserver.Run(t, s.command(t, sender, []string{"python3", "-c", follow}, nil))
	for name, cgroup := range cgroups {
		assert.Zero(t, cgroup.Kills(t), "processes of %s that the kernel killed at the limit", name)
		t.Logf("%s: at most %d MiB of memory, with cached files", name, cgroup.Peak(t)>>20)
	}
	require.NoError(t, err)
	_, text, found := strings.Cut(out, "answers: ")
	require.True(t, found, out)
	var answers []struct{ Waste, Answer string }
	require.NoError(t, json.Unmarshal([]byte(text), &answers))
	require.Len(t, answers, photos)
	for _, answer := range answers {
		assert.Equal(t, "bottle", answer.Waste)
		assert.Contains(t, answer.Answer, "plastics")
	}
	assert.Len(t, s.stored, photos)
}

// services are everything that the workers use, on loopback. Only RabbitMQ has the users of the program: those of Redis and
// PostgreSQL are tested with their components.
type services struct {
	folder, system string
	w              *world
	settings       *Settings
	// broker and redis are addresses with ports; environment is that of every application.
	broker, redis string
	postgresql    int
	environment   []string

	mu     sync.Mutex
	stored map[string]bool
}

func (s *services) path(name string) string { return filepath.Join(s.folder, name) }

func startServices(t *testing.T, w *world) *services {
	system, _ := realserver.InSystem(t, realserver.PythonSystem, "celery")
	s := &services{folder: realserver.Folder(t, nil), system: system, w: w, stored: map[string]bool{}}
	var err error
	s.settings, err = ReadSettings("..", "prod", nil)
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(s.folder, os.DirFS(filepath.Join("..", "examples", "growbin-app"))))
	s.broker = fmt.Sprintf("127.0.0.1:%d", startBroker(t, w))
	s.redis = fmt.Sprintf("redis://127.0.0.1:%d/", realserver.Redis(t))
	s.postgresql = realserver.PostgreSQL(t, "app", databaseGrowbin, databaseAnalytics)
	s3 := s3server.New()
	t.Cleanup(s3.Close)
	ai := httptest.NewServer(http.HandlerFunc(nameWaste))
	t.Cleanup(ai.Close)
	s.environment = append(s3.Allow("uploader", s), "AWS_ENDPOINT_URL_S3="+s3.URL(), "AWS_S3_BUCKET=images", "OPENAI_BASE_URL="+ai.URL+"/v1",
		"OPENAI_API_KEY=key-of-the-test", "PYTHONPATH="+s.folder, "PYTHONDONTWRITEBYTECODE=1", "CHECK_SECONDS=3600", "HOME="+s.folder, "LANG=C.UTF-8")
	return s
}

// startBroker starts RabbitMQ with the definitions that the program deploys, and returns its port.
func startBroker(t *testing.T, w *world) int {
	b := realserver.NewRabbitMQ(t)
	config := rabbitmq.ConfigFor(640, 10, true)
	config.Address, config.DefinitionsPath = "127.0.0.1", b.Path("definitions.json")
	config.Port, config.MetricsPort, config.ManagementPort = realserver.FreePort(t), realserver.FreePort(t), realserver.FreePort(t)
	definitions := objectsOf[corev1.Secret](t, w, "core/v1:Secret")["rabbitmq-definitions"].StringData["definitions.json"]
	for name, content := range map[string]string{"definitions.json": definitions, "rabbitmq.conf": config.Render(), "enabled_plugins": rabbitmq.EnabledPlugins()} {
		realserver.Write(t, b.Path(name), content, 0o600, b.User)
	}
	b.Start(t, config.Port)
	return config.Port
}

// command runs a command of an application with the variables of its Deployment, which lead to the services.
func (s *services) command(t *testing.T, a Application, command []string, cgroup *realserver.Cgroup) realserver.Command {
	environment := append([]string{}, s.environment...)
	for key, value := range a.env(s.settings) {
		environment = append(environment, key+"="+value)
	}
	broker, err := url.Parse(s.brokerURL(t, a))
	require.NoError(t, err)
	broker.Host = s.broker
	environment = append(environment, "CELERY_BROKER_URL="+broker.String(), "CELERY_RESULT_BACKEND="+s.redis+"1", "REDIS_URL="+s.redis+"0",
		fmt.Sprintf("DATABASE_URL=postgresql://app@127.0.0.1:%d/%s", s.postgresql, a.Database),
		"HEARTBEAT_FILE="+s.path(a.Name+"-alive"), "READY_FILE="+s.path(a.Name+"-ready"))
	return realserver.Command{
		Path: "sh", Args: append([]string{"-euc", `mkdir -p ` + beatStateDir + `; exec "$@"`, "sh"}, command...),
		Dir: s.folder, System: s.system, Cgroup: cgroup, Env: environment,
	}
}

// brokerURL is that in the Secret of the application.
func (s *services) brokerURL(t *testing.T, a Application) string {
	data := objectsOf[corev1.Secret](t, s.w, "core/v1:Secret")[a.Name].StringData
	for _, key := range []connection{envBroker, envRabbitMQ} {
		if data[string(key)] != "" {
			return data[string(key)]
		}
	}
	t.Fatalf("%s has no URL of the broker", a.Name)
	return ""
}

// makePhotos writes photos of 12 megapixels, as phones take them.
func (s *services) makePhotos(t *testing.T) {
	require.NoError(t, os.Mkdir(s.path("photos"), 0o755))
	picture := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for n := range photos {
		for i := range picture.Y {
			picture.Y[i] = color.Gray{uint8(i * (n + 1) >> 10)}.Y
		}
		file, err := os.Create(s.path(fmt.Sprintf("photos/%d.jpg", n)))
		require.NoError(t, err)
		require.NoError(t, jpeg.Encode(file, picture, nil))
		require.NoError(t, file.Close())
	}
}

// nameWaste is the AI API: every photo shows a bottle, and a text is answered with itself.
func nameWaste(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Input []struct {
			Content []struct{ Type, Text string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := ""
	for _, part := range request.Input[0].Content {
		if part.Type == "input_image" {
			answer = "bottle"
		} else if answer == "" {
			answer = part.Text
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"output": []any{map[string]any{"content": []any{map[string]string{"type": "output_text", "text": answer}}}}})
}

// PutObject, GetObject and ListObjects make services the bucket of the images.
func (s *services) PutObject(_, key string, _ []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored[key] = true
	return nil
}

func (s *services) GetObject(_, key string) ([]byte, error) {
	return nil, fmt.Errorf("nobody reads %s", key)
}

func (s *services) ListObjects(string, string) ([]string, error) { return nil, nil }
