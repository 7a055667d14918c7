import { notOpen, partsOf, type ConnectPlace, type Program } from './place.ts'
import { quotedForC } from './quoting.ts'

export function esp32Program({ url, name, isOpen, mqttPort }: ConnectPlace): Program {
  const { bracketed, port, path, isSecure } = partsOf(url)
  // A device has a loopback of its own: this machine is not there.
  const host = isOpen ? bracketed : 'ADDRESS-OF-THIS-MACHINE'
  const address = mqttPort === null ? `${isSecure ? 'wss' : 'ws'}://${host}:${port}${path}/mqtt` : `mqtt://${host}:${mqttPort}`
  const isSealed = mqttPort === null && isSecure
  const code = `// main/main.c. Wi-Fi: idf.py menuconfig, Example Connection. In CMakeLists.txt:
// set(EXTRA_COMPONENT_DIRS $ENV{IDF_PATH}/examples/common_components/protocol_examples_common)
// IDF 6 has MQTT apart: idf.py add-dependency espressif/mqtt
#include "esp_event.h"
#include "esp_idf_version.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "mqtt_client.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"
${isSealed ? '#include "esp_crt_bundle.h"\n' : ''}
${isOpen ? '' : '// Open the brokers to the network first (Settings, Network): this line then has the address.\n'}#define BROKER_URI ${quotedForC(address)}
#define BROKER_SESSION ${quotedForC(name)}
#ifndef BROKER_PASSWORD
#define BROKER_PASSWORD "fill-in"
#endif

static const char *TAG = "broker";
static TaskHandle_t main_task;

static void on_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    esp_mqtt_event_handle_t event = data;
    switch ((esp_mqtt_event_id_t)id) {
    case MQTT_EVENT_CONNECTED:
        esp_mqtt_client_subscribe(event->client, "orders/#", 1);
        esp_mqtt_client_publish(event->client, "sensors/temperature", "21.5", 0, 1, 0);
        break;
    case MQTT_EVENT_DATA:
        ESP_LOGI(TAG, "%.*s %.*s", event->topic_len, event->topic, event->data_len, event->data);
        break;
    case MQTT_EVENT_ERROR:
        if (event->error_handle->error_type != MQTT_ERROR_TYPE_CONNECTION_REFUSED) {
            ESP_LOGW(TAG, "Cannot reach " BROKER_URI ", trying again");
        } else if (event->error_handle->connect_return_code == MQTT_CONNECTION_REFUSE_BAD_USERNAME) {
            ESP_LOGE(TAG, "Wrong session name or password");
            xTaskNotifyGive(main_task);
        } else {
            ESP_LOGE(TAG, "Refused with code %d", (int)event->error_handle->connect_return_code);
        }
        break;
    default:
        break;
    }
}

void app_main(void)
{
    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());

    // No client id: it makes one of the chip's number, which no other device has and which stays.
    // What comes while it is away is kept for it.
    const esp_mqtt_client_config_t config = {
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 0, 0)
        .broker.address.uri = BROKER_URI,${isSealed ? '\n        .broker.verification.crt_bundle_attach = esp_crt_bundle_attach,' : ''}
        .credentials.username = BROKER_SESSION,
        .credentials.authentication.password = BROKER_PASSWORD,
        .session.disable_clean_session = true,
#else
        .uri = BROKER_URI,${isSealed ? '\n        .crt_bundle_attach = esp_crt_bundle_attach,' : ''}
        .username = BROKER_SESSION,
        .password = BROKER_PASSWORD,
        .disable_clean_session = true,
#endif
    };
    main_task = xTaskGetCurrentTaskHandle();
    esp_mqtt_client_handle_t client = esp_mqtt_client_init(&config);
    ESP_ERROR_CHECK(esp_mqtt_client_register_event(client, ESP_EVENT_ANY_ID, on_event, NULL));
    ESP_ERROR_CHECK(esp_mqtt_client_start(client));

    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    ESP_ERROR_CHECK(esp_mqtt_client_stop(client));
}`
  return { code, missing: isOpen ? null : notOpen }
}
