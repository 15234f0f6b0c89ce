// SPDX-License-Identifier: MIT
// The C header from C++: a deleter each, and nothing has to be freed by hand.
#include <apipie/apipie.h>

#include <iostream>
#include <memory>

struct drop {
    void operator()(apipie_client *client) const { apipie_client_unref(client); }
    void operator()(apipie_request *request) const { apipie_request_unref(request); }
};
using client_ptr = std::unique_ptr<apipie_client, drop>;
using request_ptr = std::unique_ptr<apipie_request, drop>;

static request_ptr ask(const client_ptr &client, const char *prompt)
{
    request_ptr req(apipie_request_new(client.get(), APIPIE_REQUEST_IMAGE));
    apipie_request_set_provider(req.get(), "prodia");
    apipie_request_set_model(req.get(), "sd_xl_base_1.0");
    apipie_request_set_prompt(req.get(), prompt, APIPIE_NTS);
    apipie_request_set_size(req.get(), 512, 512);
    return req;
}

int main()
{
    client_ptr client(apipie_client_new(nullptr));

    request_ptr good = ask(client, "A fox in the snow");
    if (apipie_request_perform(good.get()) != APIPIE_OK) {
        std::cerr << apipie_error_message(apipie_request_error(good.get())) << "\n";
        return 1;
    }
    const apipie_result *result = apipie_request_result(good.get());
    char dollars[24];
    apipie_money_format(apipie_result_cost(result), dollars, sizeof dollars);
    if (apipie_result_save(result, 0, "fox-cpp.png") != APIPIE_OK)
        return 1;
    std::cout << "fox-cpp.png: " << apipie_result_image_size(result, 0) << " bytes, $" << dollars
              << ", " << apipie_result_total_tokens(result) << " tokens\n";

    request_ptr bad = ask(client, ""); // refused before anything is sent
    if (apipie_request_perform(bad.get()) == APIPIE_OK)
        return 1;
    const apipie_error *error = apipie_request_error(bad.get());
    std::cout << "without a prompt: " << apipie_status_name(apipie_error_code(error)) << ", "
              << apipie_error_message(error) << "\n";
    return apipie_error_billed(error) == APIPIE_BILLED_NO ? 0 : 1;
}
