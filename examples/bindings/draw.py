#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library from Python, with ctypes alone. LIBAPIPIE names it where the system does not find it."""
import ctypes
import os
import sys

lib = ctypes.CDLL(os.environ.get("LIBAPIPIE", "libapipie.so.0"))
HANDLE, TEXT = ctypes.c_void_p, ctypes.c_char_p
NTS = ctypes.c_size_t(-1)


def declare(name, returns, *takes):
    function = getattr(lib, "apipie_" + name)
    function.restype, function.argtypes = returns, takes
    return function


client_new = declare("client_new", HANDLE, HANDLE)
client_unref = declare("client_unref", HANDLE, HANDLE)
request_new = declare("request_new", HANDLE, HANDLE, ctypes.c_int32)
request_unref = declare("request_unref", HANDLE, HANDLE)
set_model = declare("request_set_model", ctypes.c_int32, HANDLE, TEXT)
set_prompt = declare("request_set_prompt", ctypes.c_int32, HANDLE, TEXT, ctypes.c_size_t)
set_size = declare("request_set_size", ctypes.c_int32, HANDLE, ctypes.c_int32, ctypes.c_int32)
perform = declare("request_perform", ctypes.c_int32, HANDLE)
result_of = declare("request_result", HANDLE, HANDLE)
error_of = declare("request_error", HANDLE, HANDLE)
image_data = declare("result_image_data", ctypes.POINTER(ctypes.c_ubyte), HANDLE, ctypes.c_size_t,
                     ctypes.POINTER(ctypes.c_size_t))
cost = declare("result_cost", ctypes.c_int64, HANDLE)
message = declare("error_message", TEXT, HANDLE)
billed = declare("error_billed", ctypes.c_int32, HANDLE)

client = client_new(None)
good, bad = request_new(client, 1), request_new(client, 1)
set_model(good, b"sd_xl_base_1.0")
set_prompt(good, "Ein Fuchs im Schnee, gemütlich".encode(), NTS)
set_size(good, 512, 512)
status, size = perform(good), ctypes.c_size_t()
if status == 0:
    data = image_data(result_of(good), 0, ctypes.byref(size))
    with open("fox-python.png", "wb") as file:
        file.write(ctypes.string_at(data, size.value))
    print("fox-python.png: %d bytes, $%.12g" % (size.value, cost(result_of(good)) / 1e12))
else:
    print(message(error_of(good)).decode(), file=sys.stderr)
refused = perform(bad)  # without a prompt nothing is sent
print("without a prompt: %d, %s" % (refused, message(error_of(bad)).decode()))
free_of_charge = billed(error_of(bad)) == 0
good, bad, client = request_unref(good), request_unref(bad), client_unref(client)
sys.exit(0 if status == 0 and refused == -1 and free_of_charge else 1)
